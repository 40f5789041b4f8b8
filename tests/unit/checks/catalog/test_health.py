"""The check `health`: the declared version is live and healthy."""

import httpx
import pytest

from tests.fakes.manifest import ENVIRON, TAG
from tests.fakes.verdicts import UP, failed_finding, inconclusive_finding
from tests.unit.checks.world import World, answer, refusal

ERROR = {"status": "error"}


def test_health_waits_for_the_version_that_holds_the_new_key(tmp_path):
    world, old = World(), answer(200, {"service": "backfill-worker", "version": "1.0.0", "status": "healthy",
                                       "worker_version": {"id": "v1", "tag": TAG}})  # fmt: skip
    world.versions.insert(0, world.version(2, TAG, "upload"))
    world.live = ["v2"]
    served = [old, old]
    world.routes["GET", "/health"] = lambda request: served.pop() if served else world.worker(request, "/health")
    assert world.report(tmp_path, "health")[0] == 0
    assert len(world.clock.slept) == 2
    world.routes["GET", "/health"] = old
    found = failed_finding(tmp_path, world, "health")
    assert (found["cause"], found["expected"]) == ("propagation", f"{TAG}, of version v2")


def test_health_waits_for_the_declared_version(tmp_path):
    world, old = World(), [0] * 8
    reply = answer(
        200, {"status": "healthy", "service": "backfill-worker", "worker_version": {"id": "v0", "tag": "bv:old"}}
    )
    world.routes["GET", "/health"] = lambda request: (old.pop() or reply) if old else world.worker(request, "/health")
    assert world.report(tmp_path, "health")[0] == 0
    assert sum(world.clock.slept) > 10


@pytest.mark.parametrize("environ", [ENVIRON, {}])
def test_health_of_an_older_version_in_the_end(tmp_path, environ):
    world = World()
    body = {"status": "healthy", "service": "backfill-worker", "worker_version": {"id": "v0", "tag": "bv:old"}}
    world.routes["GET", "/health"] = answer(200, body)
    found = failed_finding(tmp_path, world, "health", environ=environ)
    assert found["cause"] == "propagation"
    assert "python -m checks run health --stack prod" in found["hint"]
    assert 40 < sum(world.clock.slept) <= 45


def test_health_does_not_wait_for_what_is_deployed(tmp_path):
    world = World()
    world.change_secret("ACE_API_KEY")
    found = failed_finding(tmp_path, world, "health")
    assert (found["subject"], found["cause"], found["hint"]) == ("GET /health worker_version.tag", "configuration", UP)
    assert world.clock.slept == []


def test_health_of_an_upload_by_hand_that_does_not_know_its_version(tmp_path):
    world = World()
    world.versions.insert(0, world.version(2, "", "upload"))
    world.live = ["v2"]
    body = {"status": "unhealthy", "service": "backfill-worker", "worker_version": {"id": "", "tag": ""}}
    world.routes["GET", "/health"] = answer(503, body)
    for environ in (ENVIRON, {}):
        assert failed_finding(tmp_path, world, "health", environ=environ)["cause"] == "configuration"
    assert world.clock.slept == []


def test_health_does_not_take_an_api_that_fails_for_an_answer(tmp_path):
    world = World()
    world.change_secret("ACE_API_KEY")
    world.routes["GET", "/deployments"] = refusal(403, 10000)
    assert failed_finding(tmp_path, world, "health")["cause"] == "propagation"


@pytest.mark.parametrize("environ", [ENVIRON, {}])
def test_health_that_the_worker_denies(tmp_path, environ):
    world = World()
    world.healthy = False
    world.change_secret()
    found = failed_finding(tmp_path, world, "health", environ=environ)
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
    world = World()
    world.routes["GET", "/health"] = reply
    assert failed_finding(tmp_path, world, "health")["cause"] == cause


def test_health_of_nobody(tmp_path):
    def refuse(request):
        raise httpx.ConnectError("[Errno 111] Connection refused")

    world = World()
    world.routes["GET", "/health"] = refuse
    found = inconclusive_finding(tmp_path, world, "health")
    assert found["found"] == "ConnectError: [Errno 111] Connection refused"


def test_health_of_code_that_does_not_know_its_version_is_no_upload_by_hand(tmp_path):
    known = {"status": "healthy", "service": "backfill-worker", "version": "1.0.0"}
    for version, cause in (
        (None, "worker"),
        ({"id": "v1"}, "worker"),
        ({"id": "", "tag": ""}, "configuration"),
        ({"id": "v1", "tag": ""}, "configuration"),
    ):
        world = World()
        world.routes["GET", "/health"] = answer(200, known | {"worker_version": version})
        found = failed_finding(tmp_path, world, "health")
        assert (found["cause"], found["hint"]) == (cause, UP)
        assert ("its code does not say it" in found["found"]) == (cause == "worker")
