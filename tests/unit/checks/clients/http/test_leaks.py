"""A secret in a worker's answer or log is a finding that names the place and never the value."""

import base64
import json

import pytest

from checks.clients.http.leaks import SecretFinder
from contract.operator_token import derive_operator_token
from tests.fakes.answers import answer
from tests.fakes.healthy_system import healthy_system
from tests.fakes.manifest import API_TOKEN, ENVIRON, KEY, URL
from tests.fakes.outcomes import UP, failed_finding, first_finding

ROTATE = f"pulumi config set --secret aceApiKey --stack prod && {UP}"
OPERATOR = derive_operator_token(KEY)


def add_to_answers(system, path, **changes):
    system.worker.edit = lambda asked, status, body: (status, body | changes if asked == path else body)
    return system


@pytest.mark.parametrize(
    ("secret", "name", "hint"),
    [
        (KEY, "the ACE key", ROTATE),
        (f"Bearer {KEY}", "the ACE key", ROTATE),
        (OPERATOR, "the operator token", ROTATE),
        (OPERATOR[5:35], "the operator token", ROTATE),
        (API_TOKEN, "CLOUDFLARE_API_TOKEN", "read -rs CLOUDFLARE_API_TOKEN"),
    ],
)
def test_a_secret_in_an_answer_fails_the_check_that_read_it(tmp_path, secret, name, hint):
    """Case X2: /health contains the key. Without the leak everything is healthy."""
    system = add_to_answers(healthy_system(), "/health", debug=secret)
    code, text = system.run(tmp_path, formats=("json",))
    report = {check["id"]: check for check in json.loads(text)["checks"]}
    assert code == 1
    assert [name for name, check in report.items() if check["outcome"] == "fail"] == ["health"]
    found = first_finding(report["health"])
    assert (found["subject"], found["cause"]) == (f"body of GET {URL}/health", "worker")
    assert found["found"] == f"{name}: correct the code, then replace the secret"
    assert found["hint"].startswith(hint)
    assert secret not in text


def test_a_secret_in_a_header_is_a_finding(tmp_path):
    """Case X2: the header is named."""
    system = healthy_system()
    system.routes["GET", "/status"] = lambda request: answer(*system.worker.status(), **{"X-Debug": KEY})
    found = failed_finding(tmp_path, system, "key")
    assert found["subject"] == f"header x-debug of GET {URL}/status"


def test_every_check_that_reads_a_leaking_route_says_so_once(tmp_path):
    """Case X2: the status is read by several requests of several checks."""
    _, report = add_to_answers(healthy_system(), "/status", debug=KEY).report(tmp_path)
    leaks = [item for item in report["key"]["findings"] if item["subject"].startswith("body of")]
    assert len(leaks) == 1
    assert report["trigger"]["reason"] == "needs key, which failed"


def test_a_secret_in_an_answer_of_ace_or_of_the_api_is_only_masked(tmp_path):
    """Case X2, kept: both hold their own secret, and no answer to another caller contains it."""
    system = healthy_system()
    system.cloudflare.subdomain = KEY
    system.ace.days = {day: [{**row, "name": f"ses/{KEY}"} for row in rows] for day, rows in system.ace.days.items()}
    assert system.report(tmp_path, "token")[0] == 0


def log_line(text):
    return {"message": [text], "level": "log", "timestamp": 0}


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"logs": [log_line("fine"), log_line(f"key {KEY}")]}, "log line 2"),
        ({"logs": [{"message": ["headers", {"Authorization": f"Bearer {OPERATOR}"}]}]}, "log line 1"),
        ({"exceptions": [{"name": "Error", "message": f"bad header {KEY}"}]}, "exception 1"),
    ],
)
@pytest.mark.parametrize("event", ["batch", "cron"])
def test_a_secret_in_the_log_fails_the_check_logs(tmp_path, changes, place, event):
    """Case X2: the worker logs its key, in a batch or in a cron meanwhile."""
    system = healthy_system()
    if event == "cron":
        system.script.tail.beside = {"event": {"cron": "*/5 * * * *"}, "outcome": "ok", "logs": []} | changes
    else:
        is_batch = lambda item: item["event"]["request"]["url"].endswith("/trigger")  # noqa: E731
        kept = lambda item: {"logs": [*changes.get("logs", []), *item["logs"]]}  # noqa: E731
        system.script.tail.change = lambda item: item | changes | kept(item) if is_batch(item) else item
    code, text = system.run(tmp_path, formats=("json",))
    report = {check["id"]: check for check in json.loads(text)["checks"]}
    assert (code, report["logs"]["outcome"]) == (1, "fail")
    found = first_finding(report["logs"])
    assert found["subject"] == ("log of cron" if event == "cron" else "log of POST /trigger")
    assert f" in {place}" in found["found"]
    assert (found["cause"], found["hint"]) == ("worker", ROTATE)
    assert not any(secret in text for secret in (KEY, OPERATOR))


def make_jwt(payload, signature):
    parts = ({"alg": "HS256", "typ": "JWT"}, payload)
    head = ".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts)
    return f"{head}.{signature}"


def test_another_jwt_is_not_a_part_of_the_key():
    """Case X2, kept: all JWTs begin alike."""
    finder = SecretFinder({make_jwt({"sub": "building"}, "s" * 43): "the ACE key"})
    assert finder.find(make_jwt({"sub": "building"}, "t" * 43).encode()) == "the ACE key"  # the same owner
    assert finder.find(make_jwt({"aud": "elsewhere"}, "u" * 43).encode()) == ""
    assert "building" not in repr(finder)


@pytest.mark.parametrize("secret", ["", "short", "  ", "\udcff" * 12])
def test_a_secret_that_is_too_short_or_unreadable_finds_nothing(secret):
    """Case X2, kept: a word is not a secret."""
    assert SecretFinder({secret: "the ACE key"}).find(b"a short word of an answer") == ""


def test_an_ordinary_run_has_no_leak(tmp_path):
    """Case X2, kept: the worker never repeats the token that it was sent."""
    assert healthy_system().report(tmp_path, environ=ENVIRON)[0] == 0
