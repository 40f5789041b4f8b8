"""`scripts/conformance` against the local Cloudflare: each statement is confirmed, nothing is left, and a second run refuses."""

import json
import signal
import subprocess

import pytest

from conformance import statements
from conformance.account.script import CODE
from rehearsal import local_system
from rehearsal.local_system import commands, outside_pulumi
from rehearsal.local_system.system import CONFORMANCE_NAME as NAME
from tests.e2e.conftest import started


@pytest.fixture(scope="module")
def empty():
    with started() as world:
        yield world


def start(world, folder):
    command = ("python", "-m", "conformance", "--output", str(folder))
    environment = {**world.local.environment, "TMPDIR": str(folder)}
    return command, environment


def run(world, folder):
    command, environment = start(world, folder)
    return world.wait(commands.run(command, environment=environment, folder=local_system.ROOT), 600)


def list_things(world):
    account = world.local.cloudflare.account
    return [*account.workers, *account.buckets, *account.broker.queues, *account.databases]


def test_ctrl_c_during_an_update_deletes_everything(empty, tmp_path):
    command, environment = start(empty, tmp_path)
    with subprocess.Popen(
        command, env=environment, cwd=local_system.ROOT, stdout=subprocess.PIPE, text=True
    ) as process:
        for line in process.stdout:
            if "existing-worker-is-refused" in line:  # the update that adopts the worker begins
                break
        process.send_signal(signal.SIGINT)
        rest = process.stdout.read()
    assert process.returncode == 3
    assert "(exit 3). Transcript: " in rest
    found = json.loads((tmp_path / f"{NAME}.json").read_text())
    last = found["statements"][-1]
    assert (last["verdict"], last["evidence"]) == ("unknown", "the run ended before: SIGINT arrived")
    assert list_things(empty) == []
    assert not (tmp_path / NAME).exists()


def test_every_statement_is_confirmed_and_a_name_that_exists_is_refused(empty, tmp_path):
    world = empty
    code, output = run(world, tmp_path)
    assert code == 0, output
    found = json.loads((tmp_path / f"{NAME}.json").read_text())
    everything = [*statements.API, *statements.ENGINE, *(row for batch in statements.DRIFT for row in batch)]
    assert [item["id"] for item in found["statements"]] == [item.id for item in everything]
    assert {item["verdict"] for item in found["statements"]} == {"confirmed"}
    assert found["versions"]["engine"].startswith("v3.")
    assert found["versions"]["API"] == world.local.environment["CLOUDFLARE_BASE_URL"]
    assert list_things(world) == []
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"{NAME}.json", f"{NAME}.md"]
    texts = output + "".join(path.read_text() for path in tmp_path.iterdir())
    for secret in ("CLOUDFLARE_API_TOKEN", "ACE_API_KEY", "PULUMI_CONFIG_PASSPHRASE"):
        assert world.local.environment[secret] not in texts

    world.wait(outside_pulumi.put_script(world.local, NAME, CODE, bindings=[]))  # of another team
    before = len(world.local.cloudflare.requests)
    assert before < 1_200, "Cloudflare's limit in five minutes"
    code, output = run(world, tmp_path)
    assert (code, output) == (
        2,
        f"conformance: the worker {NAME} exists, so nothing was changed. Choose another --name\n",
    )
    assert {line.method for line in world.local.cloudflare.requests[before:]} == {"GET"}
    assert list_things(world) == [NAME]
