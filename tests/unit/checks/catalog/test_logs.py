"""The check `logs`: the live logs of a batch show its success, its failure, or too little to decide."""

import json
import time

import httpx
import pytest
from websockets.exceptions import ConnectionClosedError, InvalidURI

from checks.clients.tail import client as tails
from checks.clients.tail import recording
from checks.diagnosis import batch_recording
from tests.fakes.answers import answer, envelope, refusal
from tests.fakes.healthy_system import healthy_system
from tests.fakes.manifest import API_TOKEN, KEY, NAME, URL
from tests.fakes.outcomes import first_finding
from tests.fakes.tail import trace

DELETED = f"DELETE /client/v4/accounts/0123456789abcdef0123456789abcdef/workers/scripts/{NAME}/tails/t1"


SUCCESS = [{"message": "[ACE API] Success", "rows": 3}, {"message": "[Backfill] Data written to R2"}]


REFUSED = {
    "message": "[ACE API] Failed",
    "code": "upstream_auth",
    "reason": "ACE answered 500 in the way it does for an unknown key: probably a bad key",
}


POSTS = 3  # one without a token, one with a wrong one, and the batch


@pytest.fixture(autouse=True)
def hurried(monkeypatch):
    """A message that never comes is awaited in real time: here, not for long."""
    monkeypatch.setattr(batch_recording, "SETTLE_SECONDS", 1.0)
    monkeypatch.setattr(batch_recording, "PROBE_SECONDS", 0.1)


def show_batch(system, *lines, path="/trigger", **changes):
    """Let the batch's item show these lines (as they are, where they are text), and these changes."""
    logs = [{"message": [line if isinstance(line, str) else json.dumps(line)]} for line in lines]

    def change(item):
        is_batch = item["event"].get("request", {}).get("url", "").endswith(path)
        return item | {"logs": logs} | changes if is_batch else item

    system.script.tail.change = change


def run_logs(tmp_path, system, **options):
    code, report = system.report(tmp_path, "logs", **options)
    return code, report["logs"]


def failed_logs(tmp_path, system):
    code, result = run_logs(tmp_path, system)
    assert (code, result["outcome"]) == (1, "fail"), result
    return first_finding(result)


def inconclusive_logs(tmp_path, system, **options):
    code, result = run_logs(tmp_path, system, **options)
    assert (code, result["outcome"]) == (3, "inconclusive"), result
    return first_finding(result)


def test_a_batch_that_logs_the_success_of_ace_and_r2(tmp_path):
    system = healthy_system()
    code, result = run_logs(tmp_path, system)
    assert (code, result["outcome"]) == (0, "pass")
    assert result["evidence"][0] == "POST /trigger logged pages of ACE: 1, and days written to R2: 1"
    assert system.script.tail.sent == ['{"debug":false}']
    assert system.asked.count(DELETED) == 1
    assert not system.script.tail.is_open


def test_logs_brings_the_trigger_and_the_tail_is_open_before_it_posts(tmp_path):
    system = healthy_system()
    _, report = system.report(tmp_path, "logs")
    assert list(report) == ["config", "health", "key", "trigger", "logs"]
    opened = next(n for n, asked in enumerate(system.asked) if asked.endswith("/tails"))
    posts = [n for n, asked in enumerate(system.asked) if asked == "POST /trigger"]
    assert (len(posts), posts[1] < opened < posts[2]) == (POSTS, True)


def test_a_batch_without_work_logs_neither_ace_nor_r2(tmp_path):
    system = healthy_system(stored=5)
    done = {"status": "complete", "progress": system.worker.progress(), "continuation": False}
    system.routes["POST", "/trigger"] = system.worker.guard(answer(200, done))
    _, result = run_logs(tmp_path, system)
    assert result["evidence"][0] == "POST /trigger had no day to fetch, so its log shows neither ACE nor R2"


def test_another_run_may_have_written_the_day_first(tmp_path):
    system = healthy_system()
    show_batch(system, SUCCESS[0], {"message": "[Backfill] Another run wrote the day first"})
    assert run_logs(tmp_path, system)[0] == 0


def test_a_failure_that_a_retry_cured_is_ignored(tmp_path):
    system = healthy_system()
    show_batch(
        system, {"message": "[ACE API] Failed", "code": "upstream_unavailable", "reason": "ACE answered 503"}, *SUCCESS
    )
    assert run_logs(tmp_path, system)[0] == 0


def test_the_outcome_of_another_request_is_ignored(tmp_path):
    system = healthy_system()
    show_batch(system, path="/health", outcome="canceled")
    assert run_logs(tmp_path, system)[0] == 0


def test_a_broken_connection_is_opened_again(tmp_path):
    system = healthy_system()
    system.script.tail.items.put(ConnectionClosedError(None, None))
    code, result = run_logs(tmp_path, system)
    assert code == 0, result
    assert len(system.script.tail.connected) == 2
    assert system.script.tail.sent == ['{"debug":false}'] * 2


@pytest.mark.parametrize("junk", ["no JSON", "[]", b"\xff", "{}", '{"event":5,"logs":{},"exceptions":[7]}', "[" * 5000])
def test_a_message_of_another_form_is_ignored(tmp_path, junk):
    system = healthy_system()
    system.script.tail.items.put(junk)
    assert run_logs(tmp_path, system)[0] == 0


@pytest.mark.parametrize(
    ("line", "actual"),
    [
        (REFUSED, "probably a bad key (upstream_auth)"),
        (REFUSED | {"reason": "ACE answered 401: the key is missing, wrong or expired"}, "ACE answered 401"),
        (
            REFUSED | {"code": "upstream_rejected", "reason": "ACE answered 403: the site is unknown"},
            "ACE answered 403",
        ),
        ("[ACE API] Error: 401 Unauthorized for Bearer hunter2", "[ACE API] … 401"),
        ("[Backfill] 403", "[Backfill] … 403"),
        ('[ACE API] {"message":"An unhandled exception occurred."}', "500, as ACE answers to an unknown key"),
    ],
)
@pytest.mark.parametrize("refused", [True, False])
def test_a_refusal_by_ace_has_the_cause_configuration_unless_ace_serves_the_probe(tmp_path, line, actual, refused):
    system = healthy_system()
    system.ace.is_expired = refused
    show_batch(system, line, *SUCCESS)
    found = failed_logs(tmp_path, system)
    assert actual in found["found"]
    assert "hunter2" not in json.dumps(found)
    assert (found["cause"], found["subject"]) == ("configuration" if refused else "worker", "log of POST /trigger")
    keys = ("pulumi config set --secret aceApiKey", "${EDITOR:-vi}")
    assert found["hint"].startswith(keys if refused else f"npx wrangler tail {NAME}")
    assert ("but a probe of ACE" in found["found"]) == (not refused)


@pytest.mark.parametrize(
    ("code", "cause"),
    [
        ("upstream_unavailable", "ace"),
        ("upstream_contract", "ace"),
        ("storage", "storage"),
        ("odd", "worker"),
    ],
)
def test_a_failure_that_lasted_has_the_cause_of_its_code(tmp_path, code, cause):
    system = healthy_system()
    system.ace.is_expired = True
    lines = [
        {"message": message, "code": code, "reason": "so"}
        for message in ("[ACE API] Failed", "[Backfill] Batch failed")
    ]
    show_batch(system, *lines, outcome="exception")
    code, result = run_logs(tmp_path, system)
    assert code == 1
    assert [item["cause"] for item in result["findings"]] == [cause]  # reported once, and not again as a bad outcome


def test_the_failure_of_a_cron_during_the_batch_counts(tmp_path):
    system = healthy_system()
    system.script.tail.items.put({"event": {"cron": "* * * * *"}, "logs": [{"message": [json.dumps(REFUSED)]}]})
    assert failed_logs(tmp_path, system)["subject"] == "log of cron"


def test_an_unexpected_error_of_the_worker(tmp_path):
    system = healthy_system()
    show_batch(system, *SUCCESS, {"message": "[Backfill] Unexpected error", "error": "TypeError: secret-in-a-text"})
    found = failed_logs(tmp_path, system)
    assert (found["cause"], found["found"]) == ("worker", "[Backfill] Unexpected error (internal)")


@pytest.mark.parametrize(
    ("error", "actual"),
    [
        ({"name": "Error", "message": "[Backfill] internal: oops"}, "Error: [Backfill] internal: oops"),
        ({"name": "TypeError", "message": "Bearer hunter2"}, "TypeError"),
        ({"name": "<script>"}, "an exception"),
    ],
)
def test_an_exception_outranks_an_outcome_that_is_ok(tmp_path, error, actual):
    system = healthy_system()
    show_batch(system, *SUCCESS, exceptions=[error])
    found = failed_logs(tmp_path, system)
    assert (found["found"], found["cause"], found["hint"]) == (actual, "worker", f"npx wrangler tail {NAME}")


@pytest.mark.parametrize(
    ("outcome", "cause", "word"),
    [
        ("exceededCpu", "configuration", "Workers Paid"),
        ("exceededMemory", "configuration", "memory"),
        ("exception", "worker", "exception"),
        (None, "worker", "unknown"),
        ("no outcome <b>", "worker", "unknown"),
    ],
)
def test_a_batch_that_did_not_end_well(tmp_path, outcome, cause, word):
    system = healthy_system()
    show_batch(system, *SUCCESS, outcome=outcome)
    found = failed_logs(tmp_path, system)
    assert (found["subject"], found["cause"]) == ("end of POST /trigger", cause)
    assert word in found["found"]


@pytest.mark.parametrize(
    ("lines", "missing"), [(SUCCESS[1:], "[ACE API] Success"), (SUCCESS[:1], "Data written to R2")]
)
def test_a_success_that_is_not_logged(tmp_path, lines, missing):
    system = healthy_system()
    show_batch(system, *lines)
    found = failed_logs(tmp_path, system)
    assert found["found"].startswith("3 samples")
    assert missing in found["found"]
    assert found["cause"] == "worker"


@pytest.mark.parametrize("reply", [refusal(403, 10000), refusal(400, 10057, "too many tails"), envelope({"id": 5})])
def test_a_tail_that_the_api_does_not_open_is_inconclusive_and_delays_no_check(tmp_path, reply):
    system = healthy_system()
    system.routes["POST", "/tails"] = reply
    inconclusive_logs(tmp_path, system)
    assert system.asked.count("POST /trigger") == POSTS


@pytest.mark.parametrize(
    "error",
    [OSError("wss://tail.example/t1"), ConnectionClosedError(None, None), InvalidURI("x", "y"), ImportError("socks")],
)
def test_a_websocket_that_cannot_be_opened_is_inconclusive(tmp_path, error):
    system = healthy_system()
    system.script.tail.errors = [error] * 10
    found = inconclusive_logs(tmp_path, system)
    assert (found["found"], found["cause"]) == (type(error).__name__, "cloudflare")
    assert len(system.script.tail.connected) == tails.MAX_ATTEMPTS
    assert system.asked.count(DELETED) == 1


@pytest.mark.parametrize("url", ["ws://tail.example/t1", "https://tail.example/t1", "ws://[::1", "t1"])
def test_an_address_without_tls_is_not_connected_to(tmp_path, url):
    system = healthy_system()
    system.script.tail.url = url
    assert inconclusive_logs(tmp_path, system)["expected"] == "a wss:// address"
    assert system.script.tail.connected == []


def test_a_tail_that_shows_nothing_of_the_batch(tmp_path):
    system = healthy_system()
    system.script.tail.change = lambda item: None
    found = inconclusive_logs(tmp_path, system)
    assert "no message about it arrived" in found["found"]
    assert found["hint"] == "python -m checks run logs --stack prod"


@pytest.mark.parametrize(
    ("prepare", "word"),
    [
        (lambda system: system.script.tail.items.put({"event": {"type": "overload"}}), "too many"),
        (lambda system: system.script.tail.items.put(ConnectionClosedError(None, None)), "connection broke"),
        (
            lambda system: system.script.tail.items.put(trace("GET", f"{URL}/other", truncated=True)),
            "cut the log lines",
        ),
    ],
)
def test_lines_that_may_have_been_lost_are_inconclusive(tmp_path, prepare, word):
    system = healthy_system()
    show_batch(system)
    prepare(system)
    assert word in inconclusive_logs(tmp_path, system)["found"]


def test_a_batch_with_an_unusable_answer(tmp_path):
    system = healthy_system()
    system.routes["POST", "/trigger"] = system.worker.guard(answer(200, {"status": "complete"}))
    code, report = system.report(tmp_path, "logs")
    assert (code, report["trigger"]["outcome"], report["logs"]["outcome"]) == (1, "fail", "inconclusive")


def test_a_batch_that_never_began_is_not_waited_for(tmp_path):
    system = healthy_system()
    broken = answer(200, {"status": "odd", "progress": {}})
    last = {"key": 0}

    def status(request):
        last["key"] += 1
        return broken if last["key"] == 4 else system.worker.answer(request)

    system.routes["GET", "/status"] = status
    _, report = system.report(tmp_path, "logs")
    assert report["trigger"]["outcome"] == "fail"
    assert "no batch ran" in first_finding(report["logs"])["found"]
    assert "POST /trigger" not in system.asked


def test_a_close_that_fails_is_not_retried_and_changes_no_outcome(tmp_path):
    system = healthy_system()
    system.routes["DELETE", "/tails"] = answer(500)
    assert run_logs(tmp_path, system)[0] == 0
    assert system.asked.count(DELETED) == 1


def test_a_failed_probe_of_health_is_ignored(tmp_path):
    system, asked = healthy_system(), []

    def health(request):
        asked.append(1)
        return system.worker.answer(request) if len(asked) == 1 else httpx.Response(502)

    system.routes["GET", "/health"] = health
    assert run_logs(tmp_path, system)[0] == 0


def test_without_the_trigger_there_is_no_batch(tmp_path):
    code, report = healthy_system().report(tmp_path, skip=("trigger",))
    assert report["logs"]["reason"] == "trigger is not selected, so there is no batch"
    assert code == 0


def test_read_only_leaves_both_out(tmp_path):
    _, report = healthy_system().report(tmp_path, read_only=True)
    assert not {"logs", "trigger"} & report.keys()


def test_without_an_api_token_the_trigger_does_not_wait(tmp_path):
    system, begun = healthy_system(), time.monotonic()
    code, report = system.report(tmp_path, "logs", environ={"ACE_API_KEY": KEY})
    assert (code, report["trigger"]["outcome"]) == (3, "pass")
    assert (report["logs"]["outcome"], first_finding(report["logs"])["subject"]) == (
        "inconclusive",
        "CLOUDFLARE_API_TOKEN",
    )
    assert time.monotonic() - begun < 0.4


def test_without_an_operator_token_the_check_key_names_it(tmp_path):
    _, report = healthy_system().report(tmp_path, environ={"CLOUDFLARE_API_TOKEN": API_TOKEN})
    assert first_finding(report["key"])["subject"].startswith("OPERATOR_TOKEN")
    assert report["logs"]["reason"] == "needs key, which is inconclusive"


def test_a_failure_before_skips_trigger_and_logs(tmp_path):
    system = healthy_system()
    system.worker.key = "another"
    _, report = system.report(tmp_path, "logs")
    assert report["logs"]["reason"] == report["trigger"]["reason"] == "needs key, which failed"


def test_a_tail_that_hangs_delays_the_trigger_by_a_quarter_of_the_deadline_at_most(tmp_path):
    system, limits = healthy_system(), []

    def hang(request):
        limits.append(request.extensions["timeout"]["read"])
        raise httpx.ReadTimeout("no answer", request=request)

    system.routes["POST", "/tails"] = hang
    code, _ = run_logs(tmp_path, system, seconds=20.0)
    assert code == 3
    assert system.asked.count("POST /trigger") == POSTS
    assert limits
    assert max(limits) <= 5.0
    assert sum(system.clock.slept) <= 5.0


def test_a_trigger_that_hangs_does_not_keep_the_tail_open(tmp_path):
    system = healthy_system()

    def hang(request):
        if system.asked.count("POST /trigger") == POSTS:  # the batch itself
            system.clock.sleep(59)
            time.sleep(0.3)
        return system.worker.answer(request)

    system.routes["POST", "/trigger"] = hang
    _, report = system.report(tmp_path, "logs", seconds=60.0)
    assert report["logs"]["outcome"] in ("inconclusive", "pass")
    assert system.asked.count(DELETED) == 1


def test_an_older_workers_success_with_401_samples_is_not_a_refusal(tmp_path):
    system = healthy_system()
    show_batch(system, "[ACE API] Success: 401 samples", "[Backfill] Data written to R2: 403 samples")
    assert not [item for item in run_logs(tmp_path, system)[1]["findings"] if "401" in item["found"]]
    show_batch(system, "[ACE API] 401 Unauthorized")
    assert "401" in run_logs(tmp_path, system)[1]["findings"][0]["found"]


def test_no_secret_of_a_log_line_is_shown(tmp_path):
    system = healthy_system()
    leak = REFUSED | {"reason": f"Bearer {KEY} and {API_TOKEN} " + "x" * 5000, "headers": {"Authorization": "hunter2"}}
    show_batch(system, leak, f"[ACE API] 401 {KEY} hunter2", "hunter2 without a tag")
    _, text = system.run(tmp_path, "logs", verbose=True)
    for secret in ("hunter2", KEY, API_TOKEN, "tail.example"):
        assert secret not in text
    assert "x" * 601 not in text


def test_of_much_traffic_only_invocations_with_lines_are_kept(tmp_path, monkeypatch):
    monkeypatch.setattr(recording, "MAX_INVOCATIONS", 0)
    code, result = run_logs(tmp_path, healthy_system())
    assert (code, result["evidence"][0]) == (0, "POST /trigger logged pages of ACE: 1, and days written to R2: 1")
