"""A request that the deadline of the run cuts short is not a defect of ACE, of the worker or of Cloudflare."""

import httpx
import pytest

from tests.fakes.healthy_system import healthy_system
from tests.fakes.outcomes import inconclusive_finding


def hang(system):
    def route(request):
        seconds = request.extensions["timeout"]["read"]
        system.clock.advance(seconds)
        raise httpx.ReadTimeout("The read operation timed out", request=request)

    return route


SLOW = [
    ("token", "/api/sites", "ace"),
    ("health", "/health", "worker"),
    ("trigger", "/trigger", "worker"),
    ("secrets", "/secrets", "cloudflare"),
]


@pytest.mark.parametrize(("check", "path", "cause"), SLOW)
def test_a_short_deadline_is_the_limit_itself(tmp_path, check, path, cause):
    system = healthy_system()
    method = "POST" if path == "/trigger" else "GET"
    system.routes[method, path] = hang(system)
    found = inconclusive_finding(tmp_path, system, check, seconds=5.0)
    assert found["cause"] == "checker"
    assert found["found"].endswith("the deadline of this run was the limit")
    assert found["hint"] == f"python -m checks run {check} --stack prod --deadline 10s"


@pytest.mark.parametrize(("check", "path", "cause"), SLOW)
def test_a_system_that_had_its_full_time_is_the_cause(tmp_path, check, path, cause):
    system = healthy_system()
    method = "POST" if path == "/trigger" else "GET"
    system.routes[method, path] = hang(system)
    found = inconclusive_finding(tmp_path, system, check, seconds=200.0)
    assert found["cause"] == cause
    assert "deadline" not in found["found"]
