"""A deployment from `pulumi up` to the rollback. The engine, the checks and the API are stand-ins."""

import dataclasses
import json
import os
import re
import socket
import sys
from pathlib import Path

import pytest

from cloudflare_client.errors import ApiUnreachableError
from deployment import job as jobs
from deployment.child import Ended, Interruption
from deployment.engine import EngineRun
from deployment.events import Change, Update, Worker
from deployment.job import Job
from deployment.rollback import Live, RollbackError, Target
from deployment.verification import Failure, Verification
from deployment.workflow import Workflow

WORKER = Worker(account="acc", name="w", is_uploaded=True)
TARGET = Target(account="acc", worker="w", version="v1111111-x", failed="v2222222-x", tag="bv:old")
LIVE = Live(worker=WORKER, version="v2222222-x", target=TARGET)
BEFORE = {"worker": {"tag": "bv:old"}}
GREEN = Verification(code=0, passed=14, failures=(), markdown="## All checks passed")
BROKEN = Failure(
    check="health", outcome="fail", cause="worker", text="GET /health: expected 200, found 502", hint="curl"
)
RED = Verification(code=1, passed=8, failures=(BROKEN,), markdown="## At least one check failed")
LOCKED = (
    "error: the stack is currently locked by 1 lock(s). Either wait",
    f"  file:///x: created by a@{socket.gethostname()} (pid %d) at 2026-11-28T00:42:04Z",
)


def update(**more):
    return Update(
        started=True,
        changes=[Change(operation="update", type="cloudflare:index/workersScript:WorkersScript", name="backfill")],
        counts={"same": 8, "update": 2},
        workers={"w": WORKER},
        manifest={"worker": {"url": "https://w.test"}},
        manifest_before=BEFORE,
        **more,
    )


class World:
    """The stand-ins. ``ups``, ``results`` and ``lives`` are answered one by one."""

    def __init__(self, monkeypatch, tmp_path):
        self.ups, self.results, self.lives = (
            [EngineRun(update=update(), ended=Ended(code=0, lines=()))],
            [GREEN],
            (LIVE,),
        )
        self.verified, self.rolled_back, self.released, self.refusal = [], [], [], None
        self.interruption, self.folder = Interruption(), tmp_path
        monkeypatch.setattr(jobs, "run_up", lambda *_, **__: self.ups.pop(0))
        monkeypatch.setattr(jobs, "verify", self._verify)
        monkeypatch.setattr(jobs, "read_live", self._read_live)
        monkeypatch.setattr(jobs, "roll_back", self._roll_back)
        monkeypatch.setattr(jobs.locks, "release", lambda lock, *_, **__: not self.released.append(lock.stack))

    def _verify(self, arguments, interruption, **more):
        interruption.stop_if_cancelled()
        words = [json.loads(Path(word).read_text()) if word.endswith("manifest.json") else word for word in arguments]
        self.verified.append((words, more["junit"]))
        return self.results.pop(0)

    def _read_live(self, workers, *, environ):
        if isinstance(self.lives, Exception):
            raise self.lives
        assert workers == [WORKER]
        return self.lives

    def _roll_back(self, target, *, environ):
        if self.refusal:
            raise self.refusal
        self.rolled_back.append(target.version)

    def run(self, capsysbinary, url="", **more):
        environ = {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(self.folder / "summary.md"), "NOTIFY_URL": url}
        workflow = Workflow.of(environ)
        job = Job(
            stack="prod",
            folder=self.folder,
            environ=environ,
            interruption=self.interruption,
            workflow=workflow,
            **more,
        )
        code = job.run()
        summary = self.folder / "summary.md"
        return code, capsysbinary.readouterr().out.decode(), summary.read_text() if summary.exists() else ""


@pytest.fixture
def world(monkeypatch, tmp_path):
    return World(monkeypatch, tmp_path)


def failed(*lines, code=255, errors=()):
    found = update()
    found.errors.extend(errors)
    return EngineRun(update=found, ended=Ended(code=code, lines=tuple(lines)))


def test_a_green_deployment_names_the_versions_the_changes_and_the_checks(world, capsysbinary, tmp_path):
    code, output, summary = world.run(capsysbinary, state="told.json", junit=tmp_path / "checks.xml")
    assert code == 0
    assert world.verified == [(["--stack", "prod", "--state", "told.json"], tmp_path / "checks.xml")]
    assert summary == (
        "### Stack prod: deployed and verified\n\n| | |\n|---|---|\n"
        "| Worker `w` | version v2222222, uploaded now, before: v1111111 |\n"
        "| URL | https://w.test |\n| Resources | 2 updated, 8 unchanged |\n| Checks | 14 passed |\n\n"
        "| operation | resource | name |\n|---|---|---|\n| update | `WorkersScript` | backfill |\n\n## All checks passed\n\n"
    )
    assert "\nStack prod: deployed and verified\n  w: version v2222222, uploaded now, before: v1111111\n" in output
    assert "::error" not in output
    assert world.rolled_back == []


def test_github_obeys_the_folds_in_the_report_of_the_checks(world, capsysbinary, monkeypatch):
    def verify(*_, **__):
        sys.stdout.write("::group::health ok\n")
        sys.stdout.flush()
        return GREEN

    monkeypatch.setattr(jobs, "verify", verify)
    before = world.run(capsysbinary)[1].partition("::group::health")[0]
    assert [mark for mark in re.findall(r"::stop-commands::(\w+)", before) if f"::{mark}::\n" not in before] == []


def test_versions_that_cannot_be_read_do_not_stop_the_verification(world, capsysbinary):
    world.lives = ApiUnreachableError("ConnectError", "https://api.test")
    code, output, summary = world.run(capsysbinary)
    assert code == 0
    assert "the live versions could not be read: Cloudflare's API cannot be reached (ConnectError)" in output
    assert "| Worker | its version could not be read |" in summary


def test_a_broken_worker_has_the_command_that_puts_the_version_back(world, capsysbinary):
    world.results = [RED]
    code, output, summary = world.run(capsysbinary)
    assert code == 1
    assert (
        "::error title=verification%3A health fail%2C cause worker::GET /health: expected 200, found 502. Next: curl"
        in output
    )
    assert f"To put back the version that served before:\n    {TARGET.command}\n" in output
    assert f"\n\n    {TARGET.command}" in summary
    assert world.rolled_back == []


@pytest.mark.parametrize("change", [{"cause": "ace"}, {"outcome": "inconclusive"}])
def test_another_cause_has_no_rollback(world, capsysbinary, change):
    world.results = [dataclasses.replace(RED, failures=(dataclasses.replace(BROKEN, **change),))]
    code, output, _ = world.run(capsysbinary, rolls_back=True)
    assert (code, world.rolled_back) == (1, [])
    assert "rollback" not in output


def test_the_automatic_rollback_verifies_the_earlier_version_by_its_manifest(world, capsysbinary):
    world.results = [RED, GREEN]
    code, output, summary = world.run(capsysbinary, rolls_back=True)
    assert (code, world.rolled_back) == (1, [TARGET.version])
    assert world.verified[1] == (["--stack", "prod", "--manifest", BEFORE], None)
    assert "Rolled back to version v1111111 of w. `pulumi up` deploys v2222222 again" in output
    assert "The earlier version is live and verified: 14 passed" in output
    assert "### After the rollback: verified" in summary


def test_an_earlier_version_that_fails_too_is_said(world, capsysbinary):
    world.results = [RED, RED]
    code, output, _ = world.run(capsysbinary, rolls_back=True)
    assert code == 1
    assert "The earlier version is live and not verified: 8 passed, failed: health" in output


@pytest.mark.parametrize("manifest", [None, {"worker": {"tag": "bv:another"}}])
def test_without_the_manifest_of_the_version_it_is_not_verified(world, capsysbinary, manifest):
    """The deployment before was rolled back as well, so the state has the manifest of the one that failed."""
    world.results = [RED]
    world.ups[0].update.manifest_before = manifest
    code, output, _ = world.run(capsysbinary, rolls_back=True)
    assert (code, world.rolled_back) == (1, [TARGET.version])
    assert "Not verified after the rollback: the state before this deployment had another version's manifest" in output


@pytest.mark.parametrize(
    ("later", "said"),
    [
        ((dataclasses.replace(LIVE, version="v3333333-x"),), "version v3333333 serves now, so something else deployed"),
        (ApiUnreachableError("ConnectError", "https://api.test"), "Cloudflare's API cannot be reached (ConnectError)"),
    ],
)
def test_a_deployment_during_the_verification_is_not_rolled_back(world, capsysbinary, monkeypatch, later, said):
    """A version that is not known to be the failed one stays."""
    world.results = [RED]
    real = world._verify

    def verify(*arguments, **more):
        world.lives = later
        return real(*arguments, **more)

    monkeypatch.setattr(jobs, "verify", verify)
    code, output, summary = world.run(capsysbinary, rolls_back=True)
    assert (code, world.rolled_back, len(world.verified)) == (1, [], 1)
    assert f"Not rolled back to version v1111111 of w: {said}" in output
    assert said in summary


def test_a_refused_rollback_says_why(world, capsysbinary):
    """Issue 13, item 4: across a changed secret."""
    world.results, world.refusal = [RED], RollbackError("a secret has changed (code 10220)")
    code, output, summary = world.run(capsysbinary, rolls_back=True)
    assert code == 1
    assert "Not rolled back to version v1111111 of w: a secret has changed (code 10220)" in output
    assert "code 10220" in summary
    assert len(world.verified) == 1


def test_a_first_deployment_has_no_earlier_version(world, capsysbinary):
    world.results, world.lives = [RED], (dataclasses.replace(LIVE, target=None),)
    code, output, _ = world.run(capsysbinary, rolls_back=True)
    assert (code, world.rolled_back) == (1, [])
    assert "This deployment made no version live that an earlier one could replace." in output


def test_a_failed_update_is_annotated_and_verifies_nothing(world, capsysbinary):
    world.ups = [failed(code=4, errors=["backfill: 10021 refused"])]
    code, output, summary = world.run(capsysbinary)
    assert (code, world.verified) == (4, [])
    assert "::error title=pulumi up::backfill: 10021 refused" in output
    assert "### Stack prod: pulumi up failed" in summary
    assert "* backfill: 10021 refused" in summary


@pytest.mark.parametrize(
    ("lines", "said"),
    [((), "FAILED: `pulumi up` failed, so nothing was verified"), (LOCKED, "FAILED: the state is locked")],
)
def test_a_failed_update_is_told_where_there_is_a_webhook(world, capsysbinary, monkeypatch, lines, said):
    """No check runs after a failed update, so no check tells it."""
    asked = []
    monkeypatch.setattr(jobs, "run_child", lambda command, *_, **__: asked.append(command))
    world.ups = [failed(*lines), failed(*lines)]
    world.run(capsysbinary)
    assert asked == []
    world.run(capsysbinary, url="https://hook.test/fake")
    ((*command, text),) = asked
    assert command[1:] == ["-m", "checks", "notify", "--stack", "prod"]
    assert text.startswith(said)


def test_an_update_that_a_signal_of_others_ended_has_a_code(world, capsysbinary):
    world.ups = [failed(code=-9)]
    assert world.run(capsysbinary)[0] == 1


def test_a_lock_is_explained_in_one_block(world, capsysbinary):
    """Case P15: a dead job left it."""
    world.ups = [failed(LOCKED[0], LOCKED[1] % 2**22, code=1)]
    code, output, summary = world.run(capsysbinary)
    assert code == 1
    assert "::error title=The stack is locked::The state of stack prod is locked" in output
    assert "   pulumi cancel --yes --stack prod\n" in summary
    assert world.released == []


def test_a_lock_is_released_where_the_run_asks_for_it(world, capsysbinary):
    world.ups.insert(0, failed(LOCKED[0], LOCKED[1] % 2**22, code=1))
    code, output, _ = world.run(capsysbinary, releases_lock=True)
    assert (code, world.released) == (0, ["prod"])
    assert "The lock is released, as this run asks for." in output


def test_a_lock_with_a_running_holder_is_never_released(world, capsysbinary):
    world.ups = [failed(LOCKED[0], LOCKED[1] % os.getpid(), code=1)]
    code, output, _ = world.run(capsysbinary, releases_lock=True)
    assert (code, world.released) == (1, [])
    assert "Wait for its end, then deploy again." in output


@pytest.mark.parametrize(("ended", "said"), [(8, False), (-2, True)])
def test_a_cancelled_update(world, capsysbinary, ended, said):
    """Case P15."""
    world.ups, world.interruption.received = [failed(code=ended)], [15, 15]
    code, output, summary = world.run(capsysbinary)
    assert (code, world.verified) == (143, [])
    assert "cancelled by SIGTERM: the next deployment completes this one" in output
    assert "cancelled during pulumi up" in summary
    assert ("If the next deployment finds a lock, it explains it." in output) is said


def test_a_signal_during_the_verification_rolls_nothing_back(world, capsysbinary):
    world.results = [RED]
    real = world._verify
    jobs.verify = lambda *a, **k: (real(*a, **k), world.interruption.received.append(2))[0]
    code, _, _ = world.run(capsysbinary, rolls_back=True)
    assert (code, world.rolled_back) == (130, [])
