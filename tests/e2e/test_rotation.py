"""A new key replaces the old one without a failed request, and the old one opens nothing any more.

The tests share one world. The first one checks the first key before the first deployment.
"""

import contextlib
import threading
import time
from pathlib import Path

import httpx
import pytest

from contract.operator_token import derive_operator_token
from rehearsal import local_system as local
from rehearsal.local_system import commands as process
from tests.e2e import shortcuts
from tests.e2e.conftest import started

OLD_KEY, NEW_KEY = "fake-ace-key-before-the-rotation", "fake-ace-key-after-the-rotation"
OTHER_KEY = "fake-ace-key-that-is-not-deployed"
MOMENT = 0.01  # seconds, so that the deployment gets most of the processor
UNSET = {"ACE_API_KEY": ""}  # so that each command takes the key of the stack
REVIEW = "set -o pipefail; pulumi preview --json 2>/dev/null | python -m review"


class Requests(threading.Thread):
    """Asks GET /health at once after each answer, but for a moment, and keeps every answer that is not healthy."""

    def __init__(self, url):
        super().__init__()
        self.url, self.stop, self.count, self.failed, self.longest = url, threading.Event(), 0, [], 0.0

    def run(self):
        with httpx.Client(timeout=30) as client:
            while not self.stop.wait(MOMENT):
                began = time.monotonic()
                try:
                    reply = client.get(f"{self.url}/health")
                    if (reply.status_code, reply.json()["status"]) != (200, "healthy"):
                        self.failed.append(reply.text)
                except (httpx.HTTPError, ValueError) as error:
                    self.failed.append(repr(error))
                self.longest = max(self.longest, time.monotonic() - began)
                self.count += 1


@contextlib.contextmanager
def asked_all_the_while(url):
    requests = Requests(url)
    requests.start()
    try:
        yield requests
    finally:
        requests.stop.set()
        requests.join()


def declare(world, key):
    environment = {**world.local.environment, **UNSET}
    command = ("pulumi", "config", "set", "--secret", "aceApiKey")
    code, output = world.wait(process.run(command, environment=environment, folder=local.ROOT, given=f"{key}\n"))
    assert code == 0, output


def status(world, key):
    return httpx.get(
        f"{world.local.worker_url}/status", headers={"Authorization": f"Bearer {derive_operator_token(key)}"}
    ).status_code


@pytest.fixture(scope="module")
def keyed():
    """A stack that is not deployed yet, with the encrypted key in its configuration, as docs/rotate-the-key.md says."""
    with started() as world:
        declare(world, OLD_KEY)
        yield world


@pytest.fixture(scope="module")
def deployed(keyed):
    keyed.local.ace.accept(OLD_KEY)
    assert keyed.run("pulumi", "up", "--yes", "--skip-preview", **UNSET)[0] == 0
    return keyed


def test_before_the_first_deployment_config_and_token_check_the_previewed_one_with_the_stacks_key(keyed):
    judged = ("python", "-m", "checks", "run", "config", "token", "--stack", local.STACK)
    code, output = keyed.run(*judged, **UNSET)
    assert (code, OLD_KEY in output) == (1, False), output
    assert "probably a wrong key" in output
    keyed.local.ace.accept(OLD_KEY)
    code, output = keyed.run(*judged, **UNSET)
    assert (code, OLD_KEY in output) == (0, False), output
    assert "ACE accepts the stack's aceApiKey and serves ses_falls_city" in output
    code, output = keyed.run("python", "-m", "checks", "run", "health", "--stack", local.STACK, **UNSET)
    assert code == 3
    assert "has no output manifest" in output


def test_a_rotation_has_no_gap(deployed):
    world = deployed
    assert (status(world, OLD_KEY), status(world, NEW_KEY)) == (200, 401)
    world.local.ace.accept(NEW_KEY)
    with asked_all_the_while(world.local.worker_url) as requests:
        declare(world, NEW_KEY)
        code, comment = world.run("bash", "-c", REVIEW, **UNSET)
        assert code == 0
        assert "value changes: yes" in comment
        assert "outside Pulumi" not in comment
        assert world.run("pulumi", "up", "--yes", "--skip-preview", **UNSET)[0] == 0
        assert (status(world, OLD_KEY), status(world, NEW_KEY)) == (401, 200)
        code, output = world.run("python", "-m", "checks", "run", "key", "trigger", "--stack", local.STACK, **UNSET)
        assert code == 0, output
    assert requests.failed == []
    assert requests.count > 100, requests.count
    for key in (OLD_KEY, NEW_KEY):
        assert key not in comment + output
        files = [path for path in world.local.folder.rglob("*") if path.is_file() and "pulumi-home" not in path.parts]
        assert [str(path) for path in files if key.encode() in path.read_bytes()] == []


def test_after_a_failed_deployment_the_review_still_shows_the_change_of_the_key(deployed):
    """And without the change, the rotated deployment has none."""
    world, file = deployed, Path(deployed.local.environment["PULUMI_OPTION_CONFIG_FILE"])
    [live] = [key for key in (OLD_KEY, NEW_KEY) if status(world, key) == 200]
    kept = file.read_text()
    declare(world, OTHER_KEY)
    declared = file.read_text()
    shortcuts.declare(world, extraBindings=[{"name": "NOWHERE", "type": "r2_bucket", "bucket_name": "there-is-none"}])
    assert world.run("pulumi", "up", "--yes", "--skip-preview", **UNSET)[0] != 0
    assert status(world, live) == 200
    file.write_text(declared)
    assert "value changes: yes" in world.run("bash", "-c", REVIEW, **UNSET)[1]
    file.write_text(kept)
    assert world.run("pulumi", "preview", "--expect-no-changes", **UNSET)[0] == 0
