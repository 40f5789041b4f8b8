"""Answers of Cloudflare's edge in place of the worker: each is named, and a persistent one ends the retries."""

import httpx
import pytest

from checks.clients.worker.edge_errors import MAX_SERVER_ERRORS
from tests.fakes.answers import refusal
from tests.fakes.healthy_system import healthy_system
from tests.fakes.manifest import NAME
from tests.fakes.outcomes import UP, failed_finding, first_finding, inconclusive_finding

EXCEPTION = httpx.Response(500, text="error code: 1101")
ROUTES = [(("GET", "/health"), "health"), (("GET", "/status"), "key"), (("POST", "/trigger"), "trigger")]


@pytest.mark.parametrize(("route", "name"), ROUTES)
@pytest.mark.parametrize("seconds", [60.0, 3600.0])
def test_a_persistent_exception_is_a_failure_after_a_few_requests(tmp_path, route, name, seconds):
    """Case C5: the number of requests does not depend on the deadline."""
    system = healthy_system()
    system.routes[route] = EXCEPTION
    found = failed_finding(tmp_path, system, name, seconds=seconds)
    assert found["found"] == f"500 error code: 1101: the worker threw an exception, {MAX_SERVER_ERRORS} times"
    assert (found["cause"], found["hint"]) == ("worker", f"npx wrangler tail {NAME}")
    assert system.asked.count(" ".join(route)) == MAX_SERVER_ERRORS
    assert 3 <= sum(system.clock.slept) <= 10


@pytest.mark.parametrize(("route", "name"), ROUTES)
def test_an_exception_that_passes_is_not_a_failure(tmp_path, route, name):
    """Case C5, kept: three 5xx in a row, and then the worker's answer."""
    system, left = healthy_system(), [EXCEPTION] * (MAX_SERVER_ERRORS - 1)
    system.routes[route] = lambda request: left.pop() if left else system.worker.answer(request)
    assert system.report(tmp_path, name)[0] == 0
    assert left == []


def test_an_exception_of_post_only_fails_trigger_and_not_the_other_checks(tmp_path):
    """Case C5: the run has a verdict, and the tail shows the same."""
    system = healthy_system()
    system.routes["POST", "/trigger"] = EXCEPTION
    code, report = system.report(tmp_path)
    assert code == 1
    assert {name for name, check in report.items() if check["outcome"] == "fail"} == {"trigger"}
    assert first_finding(report["trigger"])["cause"] == "worker"


def test_network_faults_are_retried_until_the_deadline(tmp_path):
    """Case C5, kept: without an answer the number of requests is not limited."""

    def reset(request):
        raise httpx.ReadError("reset")

    system = healthy_system()
    system.routes["POST", "/trigger"] = reset
    inconclusive_finding(tmp_path, system, "trigger")
    assert system.asked.count("POST /trigger") > 10


@pytest.mark.parametrize(
    ("path", "name", "cause"),
    [("/deployments", "deployed", "cloudflare"), ("/timeseries/paginated", "token", "ace")],
)
def test_a_server_error_of_the_api_or_of_ace_stays_inconclusive(tmp_path, path, name, cause):
    """Case C5, kept: the checker could not look."""
    system = healthy_system()
    system.routes["GET", path] = refusal(500, 1) if name == "deployed" else httpx.Response(503, text="down")
    assert inconclusive_finding(tmp_path, system, name)["cause"] == cause


@pytest.mark.parametrize(
    ("reply", "said", "cause", "hint"),
    [
        (EXCEPTION, "the worker threw an exception", "worker", f"npx wrangler tail {NAME}"),
        (
            httpx.Response(503, text="error code: 1102"),
            "its CPU time is up (a page needs about 30 ms of CPU, so Workers Paid)",
            "configuration",
            f"pulumi config set pageSize 1000 --stack prod && {UP}",
        ),
        (
            httpx.Response(429, text="error code: 1027"),
            "the daily limit of Workers Free is reached, so use Workers Paid",
            "configuration",
            "python -m checks explain health",
        ),
        (
            httpx.Response(530, text="error code: 1016"),
            "the address has no origin",
            "configuration",
            "pulumi config --stack prod",
        ),
    ],
)
@pytest.mark.parametrize(("route", "name"), ROUTES)
def test_an_error_of_the_edge_has_its_meaning_and_next_step(tmp_path, route, name, reply, said, cause, hint):
    """Case C4: a plan's limit, a CPU limit and an exception are told apart."""
    system = healthy_system()
    system.routes[route] = reply
    found = failed_finding(tmp_path, system, name)
    assert said in found["found"]
    assert (found["cause"], found["hint"].startswith(hint)) == (cause, True)


@pytest.mark.parametrize(("route", "name"), ROUTES)
@pytest.mark.parametrize("text", ["error code: 1015", '<span class="cf-error-code">1015</span>'])
def test_a_rate_rule_that_persists_is_inconclusive(tmp_path, route, name, text):
    """Case C4: a rate limiting rule of the zone refuses the checker, which says nothing about the worker."""
    system = healthy_system()
    system.routes[route] = httpx.Response(429, headers={"Retry-After": "5"}, text=text)
    found = inconclusive_finding(tmp_path, system, name)
    assert found["cause"] == "cloudflare"
    assert "a rate limiting rule refuses this machine for a while" in found["found"]


def test_a_rate_rule_that_ends_is_not_a_failure(tmp_path):
    """Case C4, kept: Retry-After is honoured."""
    system, left = healthy_system(), [httpx.Response(429, headers={"Retry-After": "5"}, text="error code: 1015")]
    system.routes["GET", "/health"] = lambda request: left.pop() if left else system.worker.answer(request)
    assert system.report(tmp_path, "health")[0] == 0
    assert system.clock.slept == [5.0]
