"""A new key replaces the old one without a failed request, and the old one opens nothing any more."""

import contextlib
import threading
import time
from pathlib import Path

import httpx
import pytest
import yaml

from contract.operator_token import derive_operator_token
from rehearsal import local_system as local
from rehearsal.local_system import commands as process

OLD_KEY, NEW_KEY = "fake-ace-key-before-the-rotation", "fake-ace-key-after-the-rotation"


class Requests(threading.Thread):
    """Asks GET /health without a pause, as a monitor would, and keeps every answer that is not healthy."""

    def __init__(self, url):
        super().__init__()
        self.url, self.stop, self.count, self.failed, self.longest = url, threading.Event(), 0, [], 0.0

    def run(self):
        with httpx.Client(timeout=30) as client:
            while not self.stop.is_set():
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
    environment = {**world.local.environment, "ACE_API_KEY": ""}
    command = ("pulumi", "config", "set", "--secret", "aceApiKey")
    code, output = world.wait(process.run(command, environment=environment, folder=local.ROOT, given=f"{key}\n"))
    assert code == 0, output


def status(world, key):
    return httpx.get(
        f"{world.local.worker_url}/status", headers={"Authorization": f"Bearer {derive_operator_token(key)}"}
    ).status_code


@pytest.fixture
def deployed(empty_world):
    """A stack with the encrypted key in its configuration, as docs/rotate-the-key.md describes."""
    declare(empty_world, OLD_KEY)
    empty_world.local.ace.accept(OLD_KEY)
    assert empty_world.run("pulumi", "up", "--yes", "--skip-preview", ACE_API_KEY="")[0] == 0
    return empty_world


def test_a_rotation_has_no_gap(deployed):
    world, environment = deployed, {"ACE_API_KEY": ""}
    assert (status(world, OLD_KEY), status(world, NEW_KEY)) == (200, 401)
    world.local.ace.accept(NEW_KEY)
    with asked_all_the_while(world.local.worker_url) as requests:
        declare(world, NEW_KEY)
        code, comment = world.run(
            "bash", "-c", "set -o pipefail; pulumi preview --json 2>/dev/null | python -m review", **environment
        )
        assert code == 0
        assert "value changes: yes" in comment
        assert "outside Pulumi" not in comment
        assert world.run("pulumi", "up", "--yes", "--skip-preview", **environment)[0] == 0
        assert (status(world, OLD_KEY), status(world, NEW_KEY)) == (401, 200)
        code, output = world.run(
            "python", "-m", "checks", "run", "key", "trigger", "--stack", local.STACK, **environment
        )
        assert code == 0, output
        assert world.run("pulumi", "preview", "--expect-no-changes", **environment)[0] == 0
    assert requests.failed == []
    assert requests.count > 100, requests.count
    for key in (OLD_KEY, NEW_KEY):
        assert key not in comment + output
        files = [path for path in world.local.folder.rglob("*") if path.is_file() and "pulumi-home" not in path.parts]
        assert [str(path) for path in files if key.encode() in path.read_bytes()] == []


def test_after_a_failed_deployment_the_review_still_shows_the_change_of_the_key(deployed):
    world, file = deployed, Path(deployed.local.environment["PULUMI_OPTION_CONFIG_FILE"])
    review = "set -o pipefail; pulumi preview --json 2>/dev/null | python -m review"
    kept = yaml.safe_load(file.read_text())
    broken = [{"name": "NOWHERE", "type": "r2_bucket", "bucket_name": "there-is-none"}]
    declare(world, NEW_KEY)
    declared = yaml.safe_load(file.read_text())
    file.write_text(
        yaml.safe_dump({**declared, "config": {**declared["config"], "building-vitals:extraBindings": broken}})
    )
    assert world.run("pulumi", "up", "--yes", "--skip-preview", ACE_API_KEY="")[0] != 0
    assert status(world, OLD_KEY) == 200
    file.write_text(yaml.safe_dump(declared))
    assert "value changes: yes" in world.run("bash", "-c", review, ACE_API_KEY="")[1]
    file.write_text(yaml.safe_dump(kept))
    assert world.run("pulumi", "preview", "--expect-no-changes", ACE_API_KEY="")[0] == 0
