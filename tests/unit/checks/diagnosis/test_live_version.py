"""The diagnosis of a worker without a live version, for all checks that read it."""

import pytest

from tests.fakes.answers import envelope, refusal
from tests.fakes.healthy_system import healthy_system
from tests.fakes.manifest import NAME
from tests.fakes.outcomes import UP, failed_finding, inconclusive_finding


@pytest.mark.parametrize("name", ["deployed", "bindings", "secrets"])
@pytest.mark.parametrize("code", [10007, 10090])
def test_no_such_worker(tmp_path, name, code):
    system = healthy_system()
    system.routes["GET", "/workers/"] = refusal(404, code)
    found = failed_finding(tmp_path, system, name)
    assert found["found"] == "Cloudflare has no such worker (stack prod)"
    assert (found["subject"], found["cause"], found["hint"]) == (f"worker {NAME}", "configuration", UP)


@pytest.mark.parametrize("name", ["deployed", "bindings", "secrets"])
def test_an_api_that_refuses_is_inconclusive(tmp_path, name):
    system = healthy_system()
    system.routes["GET", "/workers/"] = refusal(403, 10000)
    assert "CLOUDFLARE_API_TOKEN" in inconclusive_finding(tmp_path, system, name)["expected"]


@pytest.mark.parametrize("name", ["deployed", "bindings"])
def test_a_worker_without_a_live_version(tmp_path, name):
    system = healthy_system()
    system.routes["GET", "/deployments"] = envelope({"deployments": []})
    assert failed_finding(tmp_path, system, name)["found"] == "no version of it is live"


def test_a_live_version_that_the_api_does_not_know_is_not_a_missing_worker(tmp_path):
    system = healthy_system()
    system.script.live = ["gone"]
    for name in ("bindings", "deployed", "secrets"):
        assert inconclusive_finding(tmp_path, system, name)["expected"] == "200 and success"
