"""One deployment: `pulumi up`, the checks, and the version that served before where they fail because of the worker."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cloudflare_client.errors import CloudflareError
from deployment import lock as locks
from deployment import summary
from deployment.child import Interruption, JobCancelled, run_child
from deployment.engine import EngineRun, run_up
from deployment.events import Worker
from deployment.rollback import Live, RollbackError, Target, read_live, roll_back
from deployment.verification import Verification, verify
from deployment.workflow import Workflow

FAILED = 1  # exit code
ROLLED_BACK = "Rolled back"
UPDATE_FAILED = "FAILED: `pulumi up` failed, so nothing was verified"


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A deployment of one stack. ``folder`` is temporary. ``rolls_back`` allows the rollback without a question."""

    stack: str
    folder: Path
    environ: Mapping[str, str]
    interruption: Interruption
    workflow: Workflow
    state: str | None = None
    junit: Path | None = None
    rolls_back: bool = False
    releases_lock: bool = False

    def run(self) -> int:
        """Deploy, verify, and return the exit code: 0, or the code of the part that failed, or 128 + signal."""
        try:
            return self._run()
        except JobCancelled as cancelled:
            self.workflow.say(f"cancelled by {cancelled}: the next deployment completes this one")
            return cancelled.code

    def _run(self) -> int:
        done = self._update()
        if done.ended.code != 0:
            return self._report_failure(done)
        update = done.update
        lives = self._read_live(done)
        verified = self._verify("verification", [], junit=self.junit)
        self.workflow.say(*summary.list_lines(self.stack, update, lives, verified))
        self.workflow.add_summary(summary.describe_deployed(self.stack, update, lives, verified))
        if verified.markdown:
            self.workflow.add_summary(verified.markdown)
        self.interruption.stop_if_cancelled()
        if verified.is_worker_broken:
            self._put_back(lives or (), update.manifest_before)
        return verified.code

    def _update(self) -> EngineRun:
        """Run `pulumi up`, once more after the release of a lock where that is wanted."""
        done = self._run_up()
        lock = locks.find_lock(self.stack, done.ended.lines) if done.ended.code else None
        if lock is None or not self.releases_lock or lock.is_held:
            return done
        self.workflow.say(
            *(holder.describe() for holder in lock.holders), "The lock is released, as this run asks for."
        )
        with self.workflow.inert("pulumi cancel"):
            is_released = locks.release(lock, self.interruption, environ=self.environ)
        return self._run_up() if is_released else done

    def _run_up(self) -> EngineRun:
        with self.workflow.inert("pulumi up"):
            return run_up(self.stack, self.interruption, environ=self.environ, folder=self.folder)

    def _report_failure(self, done: EngineRun) -> int:
        lock = locks.find_lock(self.stack, done.ended.lines)
        if self.interruption.received:
            title = "cancelled during pulumi up"
            if done.ended.code < 0:  # it ended without its own order, so it may have left its lock
                self.workflow.say("`pulumi up` ended at once. If the next deployment finds a lock, it explains it.")
        else:
            title = "pulumi up failed"
        self.workflow.add_summary(summary.describe_failed(self.stack, title, done.update))
        if lock is not None:
            lines = lock.explain(self.environ)
            self.workflow.say(*lines)
            self.workflow.annotate("The stack is locked", " ".join(lines))
            self.workflow.add_summary("\n".join(["```text", *lines, "```"]))
        for error in done.update.errors:
            self.workflow.annotate("pulumi up", error)
        self.interruption.stop_if_cancelled()
        self._notify("FAILED: the state is locked, so nothing was deployed" if lock else UPDATE_FAILED)
        return done.ended.code if done.ended.code > 0 else FAILED

    def _notify(self, text: str) -> None:
        """Tell a failure before the checks by the webhook, if there is one. The text holds no secret."""
        if self.environ.get("NOTIFY_URL"):
            command = (sys.executable, "-m", "checks", "notify", "--stack", self.stack, text)
            run_child(command, self.interruption, environ=self.environ)

    def _read_live(self, done: EngineRun) -> tuple[Live, ...] | None:
        try:
            return read_live(list(done.update.workers.values()), environ=self.environ)
        except (CloudflareError, OSError, ValueError) as error:
            self.workflow.say(f"the live versions could not be read: {error}")
            return None

    def _verify(self, title: str, arguments: Sequence[str], *, junit: Path | None = None) -> Verification:
        state = ["--state", self.state] if self.state else []
        words = ["--stack", self.stack, *state, *arguments]
        # Not inert, because the report of the checks has a fold for each check, and no line of it is another command.
        verified = verify(words, self.interruption, environ=self.environ, folder=self.folder, junit=junit)
        for failure in verified.failures:
            text = f"{failure.text}. Next: {failure.hint}"
            self.workflow.annotate(f"{title}: {failure.check} {failure.outcome}, cause {failure.cause}", text)
        return verified

    def _put_back(self, lives: Sequence[Live], manifest: Mapping[str, Any] | None) -> None:
        """Tell how the versions that served before are made live again, or do it and verify them."""
        targets = [live.target for live in lives if live.target is not None]
        if not targets:
            lines = ["This deployment made no version live that an earlier one could replace."]
        elif not self.rolls_back:
            lines = ["To put back the version that served before:", *(f"    {target.command}" for target in targets)]
        else:
            lines = [self._roll_back(live.worker, live.target) for live in lives if live.target is not None]
        self.workflow.say(*lines)
        self.workflow.add_summary("### Rollback\n\n" + "\n".join(lines).replace("\n    ", "\n\n    "))
        if any(line.startswith(ROLLED_BACK) for line in lines):
            self._verify_again(targets, manifest)

    def _roll_back(self, worker: Worker, target: Target) -> str:
        """Roll back, unless another deployment has replaced the failed version while it was verified."""
        name = f"version {target.version[:8]} of {target.worker}"
        try:
            self._require_live(worker, target.failed)
            roll_back(target, environ=self.environ)
        except (RollbackError, CloudflareError, OSError, ValueError) as error:
            self.workflow.annotate("rollback", str(error))
            return f"Not rolled back to {name}: {error}"
        return f"{ROLLED_BACK} to {name}. `pulumi up` deploys {target.failed[:8]} again, so correct the program first."

    def _require_live(self, worker: Worker, version: str) -> None:
        now = "".join(live.version for live in read_live([worker], environ=self.environ))
        if now != version:
            raise RollbackError(f"version {now[:8]} serves now, so something else deployed meanwhile")

    def _verify_again(self, targets: Sequence[Target], manifest: Mapping[str, Any] | None) -> None:
        """Verify the earlier version by its own manifest: the one of the state before, if it has the version's tag."""
        tag = (manifest or {}).get("worker", {}).get("tag")
        if not tag or all(target.tag != tag for target in targets):
            line = "Not verified after the rollback: the state before this deployment had another version's manifest."
            self.workflow.say(line)
            self.workflow.add_summary(line)
            return
        file = self.folder / "manifest.json"
        file.write_text(json.dumps(manifest), encoding="utf-8")
        verified = self._verify("after the rollback", ["--manifest", str(file)])
        result = "verified" if verified.code == 0 else "not verified"
        checks = summary.describe_checks(verified)
        self.workflow.say(f"The earlier version is live and {result}: {checks}")
        self.workflow.add_summary(f"### After the rollback: {result}\n\n{checks}\n\n{verified.markdown}")
