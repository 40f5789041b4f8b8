"""The check `health`: the declared version is live and healthy."""

import httpx
import pytest

from tests.fakes.answers import answer, refusal
from tests.fakes.healthy_system import healthy_system
from tests.fakes.manifest import ENVIRON, TAG
from tests.fakes.outcomes import UP, failed_finding, inconclusive_finding

ERROR = {"status": "error"}


def test_health_waits_for_the_version_that_holds_the_new_key(tmp_path):
    system, old = healthy_system(), answer(200, {"service": "backfill-worker", "version": "1.0.0", "status": "healthy",
                                       "worker_version": {"id": "v1", "tag": TAG}})  # fmt: skip
    system.script.versions.insert(0, system.script.version(2, TAG, "upload"))
    system.script.live = ["v2"]
    served = [old, old]
    system.routes["GET", "/health"] = lambda request: served.pop() if served else system.worker.answer(request)
    assert system.report(tmp_path, "health")[0] == 0
    assert len(system.clock.slept) == 2
    system.routes["GET", "/health"] = old
    found = failed_finding(tmp_path, system, "health")
    assert (found["cause"], found["expected"]) == ("propagation", f"{TAG}, of version v2")


def test_health_waits_for_the_declared_version(tmp_path):
    system, old = healthy_system(), [0] * 8
    reply = answer(
        200, {"status": "healthy", "service": "backfill-worker", "worker_version": {"id": "v0", "tag": "bv:old"}}
    )
    system.routes["GET", "/health"] = lambda request: (old.pop() or reply) if old else system.worker.answer(request)
    assert system.report(tmp_path, "health")[0] == 0
    assert sum(system.clock.slept) > 10


@pytest.mark.parametrize("environ", [ENVIRON, {}])
def test_health_of_an_older_version_until_the_deadline(tmp_path, environ):
    system = healthy_system()
    body = {"status": "healthy", "service": "backfill-worker", "worker_version": {"id": "v0", "tag": "bv:old"}}
    system.routes["GET", "/health"] = answer(200, body)
    found = failed_finding(tmp_path, system, "health", environ=environ)
    assert found["cause"] == "propagation"
    assert "python -m checks run health --stack prod" in found["hint"]
    assert 40 < sum(system.clock.slept) <= 45


def test_health_does_not_wait_for_a_version_that_is_already_live(tmp_path):
    system = healthy_system()
    system.script.change_secrets("ACE_API_KEY")
    found = failed_finding(tmp_path, system, "health")
    assert (found["subject"], found["cause"], found["hint"]) == ("GET /health worker_version.tag", "configuration", UP)
    assert system.clock.slept == []


def test_health_of_an_upload_outside_pulumi_without_its_version(tmp_path):
    system = healthy_system()
    system.script.versions.insert(0, system.script.version(2, "", "upload"))
    system.script.live = ["v2"]
    body = {"status": "unhealthy", "service": "backfill-worker", "worker_version": {"id": "", "tag": ""}}
    system.routes["GET", "/health"] = answer(503, body)
    for environ in (ENVIRON, {}):
        assert failed_finding(tmp_path, system, "health", environ=environ)["cause"] == "configuration"
    assert system.clock.slept == []


def test_health_ignores_an_api_that_fails(tmp_path):
    system = healthy_system()
    system.script.change_secrets("ACE_API_KEY")
    system.routes["GET", "/deployments"] = refusal(403, 10000)
    assert failed_finding(tmp_path, system, "health")["cause"] == "propagation"


@pytest.mark.parametrize("environ", [ENVIRON, {}])
def test_health_of_an_unhealthy_worker(tmp_path, environ):
    system = healthy_system()
    system.worker.is_healthy = False
    system.script.change_secrets()
    found = failed_finding(tmp_path, system, "health", environ=environ)
    assert (found["found"], found["cause"], found["hint"]) == ("503 unhealthy", "configuration", UP)


@pytest.mark.parametrize(
    ("reply", "cause"),
    [
        (httpx.Response(404, text="There is nothing here yet"), "configuration"),
        (httpx.Response(302, headers={"Location": "https://example.org"}), "configuration"),
        (answer(404, {**ERROR, "error": {"code": "not_found"}}), "worker"),
        (answer(500, {**ERROR, "error": {"code": "internal", "message": "unexpected"}}), "worker"),
        (httpx.Response(200, text="<html>"), "configuration"),
        (answer(200, [1]), "configuration"),
        (answer(200, {"status": "healthy", "service": "other", "version": "1.0.0"}), "configuration"),
        (answer(200, {"status": "healthy", "service": "backfill-worker", "version": "0.9"}), "worker"),
        (answer(200, {"status": "healthy", "service": "backfill-worker", "version": "1.0.0"}), "worker"),
        (answer(200, {"status": "unhealthy", "service": "backfill-worker", "version": "1.0.0"}), "worker"),
        (httpx.Response(500, text="error code: 1101"), "worker"),
    ],
)
def test_health_of_something_else(tmp_path, reply, cause):
    system = healthy_system()
    system.routes["GET", "/health"] = reply
    assert failed_finding(tmp_path, system, "health")["cause"] == cause


def test_health_of_a_worker_that_does_not_answer(tmp_path):
    def refuse(request):
        raise httpx.ConnectError("[Errno 111] Connection refused")

    system = healthy_system()
    system.routes["GET", "/health"] = refuse
    found = inconclusive_finding(tmp_path, system, "health")
    assert found["found"] == "ConnectError: [Errno 111] Connection refused"


def test_health_of_code_without_its_version_is_not_a_change_outside_pulumi(tmp_path):
    known = {"status": "healthy", "service": "backfill-worker", "version": "1.0.0"}
    for version, cause in (
        (None, "worker"),
        ({"id": "v1"}, "worker"),
        ({"id": "", "tag": ""}, "configuration"),
        ({"id": "v1", "tag": ""}, "configuration"),
    ):
        system = healthy_system()
        system.routes["GET", "/health"] = answer(200, known | {"worker_version": version})
        found = failed_finding(tmp_path, system, "health")
        assert (found["cause"], found["hint"]) == (cause, UP)
        assert ("its code does not report it" in found["found"]) == (cause == "worker")
