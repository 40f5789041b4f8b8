"""scripts/deploy that is cancelled or killed: the real engine, a local Cloudflare that holds an answer meanwhile.

The tests share one world and build on each other: each run is also the next deployment after the cancelled one before.
"""

import asyncio
import os
import signal
import subprocess
import threading
from pathlib import Path

import pytest
import yaml

from contract.operator_token import derive_operator_token
from rehearsal import faults
from rehearsal import local_system as local
from rehearsal.local_system import outside_pulumi
from rehearsal.network_faults import FaultInjectionPoint
from tests import processes
from tests.e2e.conftest import started
from tests.fakes.webhook_receiver import open_receiver

SECONDS = 60  # until a step of a deployment is reached, or it has ended


@pytest.fixture(scope="module")
def world():
    with started() as running:
        yield running


class Gate(FaultInjectionPoint):
    """Holds the first request that matches until ``open``, in front of the local Cloudflare."""

    def __init__(self, matches, then=None):
        super().__init__()
        self.matches, self.then = matches, then
        self.reached, self.opened = threading.Event(), threading.Event()

    async def inject(self, request):
        if not self.reached.is_set() and self.matches(request):
            if self.then:
                await self.then()
            self.reached.set()
            await asyncio.to_thread(self.opened.wait, SECONDS)
        return await super().inject(request)


class Deployment:
    """One run of scripts/deploy, as a step of GitHub's runner: its own session, the output line by line."""

    def __init__(self, world, folder, **more):
        self.lines, self._changed = [], threading.Condition()
        (folder / "temp").mkdir(exist_ok=True)
        self.summary_file, self.folder = folder / "summary.md", folder
        environment = {
            **world.local.environment,
            "STACK": local.STACK,
            "GITHUB_ACTIONS": "true",
            "GITHUB_STEP_SUMMARY": str(self.summary_file),
            "GITHUB_SERVER_URL": "https://hub.test",
            "GITHUB_REPOSITORY": "owner/name",
            "RUNNER_TEMP": str(folder / "temp"),
            "STATE_FILE": str(folder / "told.json"),
            **more,
        }
        self.secrets = [environment[name] for name in ("ACE_API_KEY", "CLOUDFLARE_API_TOKEN")]
        self.secrets.append(derive_operator_token(environment["ACE_API_KEY"]))
        self.process = subprocess.Popen(
            ["bash", "-e", "-c", "exec scripts/deploy"],
            cwd=local.ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            text=True,
        )
        self.reader = threading.Thread(target=self._read)
        self.reader.start()

    def _read(self):
        with self.process.stdout as stream:
            for line in stream:
                with self._changed:
                    self.lines.append(line)
                    self._changed.notify_all()

    def wait_for_line(self, text):
        with self._changed:
            found = self._changed.wait_for(lambda: any(text in line for line in self.lines), SECONDS)
        assert found, self.output

    def end(self):
        """Wait for the end, and return the exit code. No secret is in the output or in a file."""
        code = self.process.wait(SECONDS)
        self.reader.join()
        files = "".join(path.read_text() for path in self.folder.rglob("*") if path.is_file())
        assert [secret for secret in self.secrets if secret in self.output + files] == []
        return code

    @property
    def output(self):
        return "".join(self.lines)

    @property
    def summary(self):
        return self.summary_file.read_text() if self.summary_file.exists() else ""


@pytest.fixture
def deploy(world, tmp_path):
    """Start a deployment with a held request, and return both."""
    running = []

    def start(matches=lambda _request: False, then=None, **more):
        gate = world.local.cloudflare.network = Gate(matches, then)
        deployment = Deployment(world, tmp_path, **more)
        running.append((deployment, gate))
        return deployment, gate

    yield start
    for deployment, gate in running:
        gate.opened.set()
        for pid in [deployment.process.pid, *processes.descendants(deployment.process.pid)]:
            if processes.alive([pid]):
                os.kill(pid, signal.SIGKILL)
        deployment.process.wait()
        deployment.reader.join()
    world.local.cloudflare.network = FaultInjectionPoint()


def change_page_size(world, size):
    file = Path(world.local.environment["PULUMI_OPTION_CONFIG_FILE"])
    data = yaml.safe_load(file.read_text())
    data["config"]["building-vitals:pageSize"] = str(size)
    file.write_text(yaml.safe_dump(data))


def locks(world):
    return list((world.local.folder / "state/.pulumi/locks").rglob("*.json"))


def is_upload(request):
    return request.method == "PUT" and request.path.endswith("/workers/scripts/building-vitals-backfill")


def is_rollback(request):
    return request.method == "POST" and request.path.endswith("/deployments")


def live_version(world):
    return world.local.cloudflare.account.workers[world.local.worker_name].live


async def restore_worker(world):
    await world.local.edge.set_network_fault(world.local.worker_name, None)


def test_1_cancelled_in_the_set_up_nothing_was_started(world, deploy, tmp_path):
    """Case P15: a process of the set-up holds, and SIGINT reaches the shell alone, as from GitHub's runner."""
    reached, opened = tmp_path / "reached", tmp_path / "opened"
    os.mkfifo(reached)
    os.mkfifo(opened)
    tool = tmp_path / "bin/mktemp"
    tool.parent.mkdir()
    tool.write_text(f'#!/bin/sh\necho > {reached}\nread _ < {opened}\nexec /usr/bin/mktemp "$@"\n')
    tool.chmod(0o755)
    deployment, _ = deploy(PATH=f"{tool.parent}:{world.local.environment['PATH']}")
    reached.read_text()
    deployment.process.send_signal(signal.SIGINT)
    opened.write_text("\n")
    reached.unlink()
    opened.unlink()
    assert deployment.end() == 130
    assert locks(world) == []


def test_2_cancelled_before_the_first_resource(world, deploy):
    """Case P15: SIGTERM to the process group while the program reads the account."""
    deployment, gate = deploy(lambda request: request.path.endswith("/deployments"))
    assert gate.reached.wait(SECONDS)
    os.killpg(deployment.process.pid, signal.SIGTERM)
    deployment.wait_for_line("cancelling")
    gate.opened.set()
    assert deployment.end() == 143, deployment.output
    assert locks(world) == []
    assert world.local.worker_name not in world.local.cloudflare.account.workers


def test_3_cancelled_during_the_upload_the_upload_is_finished(world, deploy):
    """Case P15: SIGINT to the process group. The engine gets it once, so it ends in order."""
    deployment, gate = deploy(is_upload)
    assert gate.reached.wait(SECONDS)
    os.killpg(deployment.process.pid, signal.SIGINT)
    deployment.wait_for_line("cancelling")
    gate.opened.set()
    assert deployment.end() == 130, deployment.output
    assert "received; terminating" not in deployment.output
    assert "cancelled during pulumi up" in deployment.summary
    assert locks(world) == []
    assert live_version(world)
    assert world.local.cloudflare.account.workers[world.local.worker_name].schedules == ()


def test_4_cancelled_at_the_crons_with_both_signals_of_the_runner(world, deploy):
    """Case P15: the request never ends, so SIGTERM follows, and the engine still releases its lock."""
    deployment, gate = deploy(lambda request: request.method == "PUT" and request.path.endswith("/schedules"))
    assert gate.reached.wait(SECONDS)
    deployment.process.send_signal(signal.SIGINT)
    deployment.wait_for_line("cancelling")
    deployment.process.send_signal(signal.SIGTERM)
    assert deployment.end() == 130, deployment.output
    assert locks(world) == []


def test_5_cancelled_during_the_verification(world, deploy):
    """Case P15: the deployment before is completed without help, and the checks end early."""
    deployment, gate = deploy(lambda request: request.path.endswith("/content/v2") and "version" in request.query)
    assert gate.reached.wait(SECONDS)
    deployment.process.send_signal(signal.SIGINT)
    assert deployment.end() == 130, deployment.output
    assert "interrupted" in deployment.output
    assert locks(world) == []
    assert world.local.cloudflare.account.workers[world.local.worker_name].schedules != ()


def test_6_cancelled_during_the_rollback(world, deploy):
    """Case P15: the rollback is finished, and the next deployment uploads the program again."""
    earlier = live_version(world)
    change_page_size(world, 5000)
    world.wait(faults.load_faults()["worker-5xx"].apply(world.local))
    deployment, gate = deploy(is_rollback, lambda: restore_worker(world), ROLLBACK="auto")
    assert gate.reached.wait(SECONDS), deployment.output
    deployment.process.send_signal(signal.SIGTERM)
    gate.opened.set()
    assert deployment.end() == 143, deployment.output
    assert live_version(world) == earlier
    assert locks(world) == []


def test_7_a_killed_job_leaves_a_lock_that_the_next_one_explains(world, deploy):
    """Case P15: SIGKILL cannot be passed on. Before it, the job has told the rollback, and not as a change outside Pulumi."""
    deployment, gate = deploy(is_upload)
    assert gate.reached.wait(SECONDS), deployment.output
    deployment.wait_for_line("put an earlier version back after a failed verification")
    deployment.wait_for_line("`pulumi up` deploys the program again, so correct it first")
    assert "outside Pulumi" not in deployment.output
    killed = {deployment.process.pid, *processes.descendants(deployment.process.pid)}
    for pid in killed:
        os.kill(pid, signal.SIGKILL)
    deployment.process.wait()
    assert processes.gone(killed, seconds=10) == {}
    gate.opened.set()
    assert len(locks(world)) == 1
    with open_receiver() as receiver:
        deployment, _ = deploy(NOTIFY_URL=receiver.notify)
        assert deployment.end() == 1
    assert "stack rehearsal: FAILED: the state is locked, so nothing was deployed" in receiver.messages_text
    explained = deployment.output.partition("The state of stack rehearsal is locked")[2]
    assert "This process does not run any more" in explained
    assert (
        "Look whether another job or terminal still deploys this stack: https://hub.test/owner/name/actions"
        in explained
    )
    assert "pulumi cancel --yes --stack rehearsal" in explained
    assert "::error title=The stack is locked::" in deployment.output
    assert len(locks(world)) == 1


def test_8_the_lock_is_released_on_request(world, deploy):
    """Case P15: the deployment after a dead one is complete and verified."""
    deployment, _ = deploy(RELEASE_LOCK="true")
    assert deployment.end() == 0, deployment.output
    assert "The lock is released, as this run asks for" in deployment.output
    assert locks(world) == []
    assert "Stack rehearsal: deployed and verified" in deployment.summary
    assert f"version {live_version(world).id[:8]}, uploaded now" in deployment.summary


def test_a_broken_version_is_replaced_by_the_one_before_which_is_verified(world, deploy):
    """Issue 13, item 4: the fault of the worker ends with the rollback."""
    earlier = live_version(world)
    change_page_size(world, 1000)
    world.wait(faults.load_faults()["worker-5xx"].apply(world.local))
    deployment, gate = deploy(is_rollback, lambda: restore_worker(world), ROLLBACK="auto")
    gate.opened.set()
    assert deployment.end() == 1, deployment.output
    assert live_version(world) == earlier
    assert f"Rolled back to version {earlier.id[:8]}" in deployment.output
    assert "The earlier version is live and verified" in deployment.output
    assert "After the rollback: verified" in deployment.summary
    assert "::error title=verification%3A health fail%2C cause worker::" in deployment.output


def test_a_rollback_across_a_changed_secret_says_why_not(world):
    """Issue 13, item 4: code 10220 of the local Cloudflare."""
    name, account = world.local.worker_name, world.local.environment["CLOUDFLARE_ACCOUNT_ID"]
    worker = world.local.cloudflare.account.workers[name]

    def roll_back(version):
        options = ("--account", account, "--worker", name, "--version", version)
        return world.run("python", "-m", "deployment", "rollback", *options)

    assert roll_back(worker.latest.id)[0] == 0  # secrets can be changed only while the latest version is live
    assert live_version(world) == worker.latest
    secret = {"name": "OTHER", "text": "fake", "type": "secret_text"}
    world.wait(outside_pulumi.call_script_api(world.local, "PUT", "/secrets", json=secret))
    code, output = roll_back(worker.latest.id)
    assert code == 1
    assert "(code 10220), because a secret has changed since version" in output
    assert "(OTHER)" in output
