"""The diagnosis of a worker URL that leads elsewhere, or to a name that does not exist."""

import socket
import ssl

import httpx
import pytest

from tests.fakes.answers import answer, refusal
from tests.fakes.healthy_system import healthy_system
from tests.fakes.manifest import ENVIRON, KEY, NAME, URL, manifest_data
from tests.fakes.outcomes import UP, failed_finding, inconclusive_finding

NOTHING = httpx.Response(404, text="There is nothing here yet")


WRONG = f"https://{NAME}.rehersal.workers.dev"


def failing_system(system, cause):
    def fail(request):
        error = httpx.ConnectError(str(cause))
        error.__cause__ = cause
        raise error

    system.routes["GET", "/health"] = system.routes["GET", "/status"] = fail
    return system


@pytest.mark.parametrize(
    ("url", "environ", "subdomain", "hint"),
    [
        (WRONG, ENVIRON, "rehearsal", f"pulumi config set workersSubdomain rehearsal --stack prod && {UP}"),
        (WRONG, ENVIRON, "a b", f"pulumi config set workersSubdomain 'a b' --stack prod && {UP}"),
        (URL, ENVIRON, "rehearsal", UP),
        (WRONG, {"ACE_API_KEY": KEY}, "rehearsal", "pulumi config --stack prod"),
        ("https://example.org", ENVIRON, "rehearsal", "pulumi config --stack prod"),
        (WRONG, ENVIRON, None, "pulumi config --stack prod"),
    ],
)
@pytest.mark.parametrize("name", ["health", "key"])
def test_another_site_at_the_url(tmp_path, url, environ, subdomain, hint, name):
    system = healthy_system(manifest=manifest_data(worker__url=url))
    system.routes["GET", "/health"] = system.routes["GET", "/status"] = NOTHING
    system.cloudflare.subdomain = subdomain
    found = failed_finding(tmp_path, system, name, environ=environ)
    assert (found["cause"], found["hint"], found["expected"]) == ("configuration", hint, f"{NAME} at {url}")
    assert "404 There is nothing here yet: " in found["found"]
    if hint != UP:
        assert "workersSubdomain (or workerUrl)" in found["found"]
    assert system.clock.slept == []


def test_an_api_that_does_not_return_its_subdomain(tmp_path):
    system = healthy_system(manifest=manifest_data(worker__url=WRONG))
    system.routes["GET", "/health"] = NOTHING
    system.routes["GET", "/workers/subdomain"] = refusal(403, 10000)
    assert failed_finding(tmp_path, system, "health")["hint"] == "pulumi config --stack prod"


def test_another_service_at_the_url(tmp_path):
    system = healthy_system()
    system.routes["GET", "/health"] = answer(200, {"status": "healthy", "service": "query-worker"})
    assert failed_finding(tmp_path, system, "health")["found"].startswith("200 healthy of service 'query-worker': ")


@pytest.mark.parametrize("errno", [socket.EAI_NONAME, socket.EAI_NODATA])
def test_a_name_with_another_subdomain_fails_at_once(tmp_path, errno):
    """Case C13: the account is asked for its subdomain, once per run, so that no check waits for the name."""
    system = failing_system(
        healthy_system(manifest=manifest_data(worker__url=WRONG)), socket.gaierror(errno, "no such name")
    )
    code, report = system.report(tmp_path, "health", "key")
    assert code == 1
    texts = [
        f"the host {NAME}.rehersal.workers.dev does not exist: "
        "the account's subdomain is 'rehearsal', so workersSubdomain (or workerUrl) is wrong",
        "the same as in the check health",
    ]
    for name, text in zip(("health", "key"), texts, strict=True):
        (found,) = report[name]["findings"]
        assert found["found"] == text
        assert found["hint"] == f"pulumi config set workersSubdomain rehearsal --stack prod && {UP}"
        assert found["cause"] == "configuration"
    assert system.clock.slept == []
    assert sum("/workers/subdomain" in line for line in system.asked) == 1


def test_a_name_that_does_not_exist_is_retried_where_the_account_cannot_be_asked(tmp_path):
    """Case C13, kept: without a token for the API the name may come to exist, as after a first deployment."""
    system = failing_system(
        healthy_system(manifest=manifest_data(worker__url=WRONG)), socket.gaierror(socket.EAI_NONAME, "no such name")
    )
    found = inconclusive_finding(tmp_path, system, "health", environ={"ACE_API_KEY": KEY})
    assert (found["cause"], sum(system.clock.slept) > 40) == ("configuration", True)
    assert found["hint"] == "pulumi config --stack prod"


def test_a_right_name_that_does_not_exist_for_this_machine_has_the_cause_access(tmp_path):
    """Case C14: the account's subdomain is right, so DNS is the obstacle, or the first deployment is very recent."""
    system = failing_system(healthy_system(), socket.gaierror(socket.EAI_NONAME, "no such name"))
    found = inconclusive_finding(tmp_path, system, "health")
    assert found["found"].endswith(".workers.dev does not exist for this machine, although it is right")
    assert (found["cause"], found["hint"]) == ("access", "sleep 60 && python -m checks run health --stack prod")


def test_a_name_that_comes_to_exist_is_not_a_failure(tmp_path):
    system, times = healthy_system(), [0] * 5
    failed = failing_system(healthy_system(), socket.gaierror(socket.EAI_NONAME, "no such name")).routes[
        "GET", "/health"
    ]
    system.routes["GET", "/health"] = lambda request: (
        (times.pop(), failed(request)) if times else system.worker.answer(request)
    )
    assert system.report(tmp_path, "health")[0] == 0


def test_a_machine_that_resolves_no_name(tmp_path):
    system = failing_system(healthy_system(), socket.gaierror(socket.EAI_AGAIN, "try again"))
    found = inconclusive_finding(tmp_path, system, "health")
    assert (found["cause"], found["found"]) == ("access", "host names cannot be resolved on this machine")


def test_a_missing_name_of_the_api_has_the_cause_access(tmp_path):
    system = healthy_system()

    def fail(request):
        raise httpx.ConnectError("x") from socket.gaierror(socket.EAI_NONAME, "no such name")

    system.routes["GET", "/workers/"] = fail
    found = inconclusive_finding(tmp_path, system, "secrets")
    assert (found["cause"], found["found"]) == ("access", "the host api.cloudflare.com does not exist")


def test_a_refused_certificate_is_not_retried(tmp_path):
    error = ssl.SSLCertVerificationError(1, "failed")
    error.verify_message = "self-signed certificate"
    system = failing_system(healthy_system(), error)
    found = inconclusive_finding(tmp_path, system, "health")
    assert found["found"] == "its certificate is refused (self-signed certificate): a retry does not help"
    assert (found["cause"], found["hint"], system.clock.slept) == ("access", f"curl -sSI {URL}", [])
