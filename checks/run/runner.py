"""Runs checks concurrently, in the order of their needs, and never longer than the shared deadline.

Each check runs in a daemon thread of its own. asyncio does not fit: name resolution, decompression and plain loops may
hang, and a cancelled task does not leave them. A thread cannot be ended either, but the runner can continue without it,
and a daemon thread does not keep the process alive.

All code of a check runs in its own thread, including the text of its exceptions, because that may hang as well.
Only one long call into C, which keeps the interpreter's lock, stops all threads.
"""

from __future__ import annotations

import contextlib
import queue
import threading
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

from checks.check import Check, Context
from checks.model.credentials import Credential
from checks.model.finding import Cause, Evidence, Finding
from checks.model.report import Outcome, Report, ReportedFinding, Result, shorten_repeated
from checks.run.causes.lost_days import explain_lost_days
from checks.run.causes.outside_change import explain_by_outside_change
from checks.run.causes.standstill import explain_standstill
from checks.run.findings import describe_cycle, describe_defect, describe_missing_credentials, describe_timeout
from checks.run.request import Watch
from checks.run.running_check import RunningCheck


def run_checks(
    checks: Collection[Check],
    context: Context,
    *,
    allow_missing_credentials: bool = False,
    watch: Watch | None = None,
) -> Report:
    """Run the checks, which have distinct ids, and return the report. It has a result for every check, in order.

    A check without its credential is inconclusive, or skipped with ``allow_missing_credentials``.
    ``watch`` is called in the caller's thread with the id of each check that starts, and again with its result.
    """
    started = context.deadline.clock()
    run = _Run(checks=tuple(checks), context=context, watch=watch, allow_missing=allow_missing_credentials)
    results = explain_by_outside_change(explain_standstill(explain_lost_days(run.run())))
    manifest = context.manifest
    return Report(
        project=manifest.project,
        stack=context.stack,
        worker=manifest.worker.name,
        url=manifest.worker.url,
        results=shorten_repeated([results[check.id] for check in checks]),
        seconds=context.deadline.clock() - started,
    )


@dataclass(slots=True, kw_only=True)
class _Run:
    checks: tuple[Check, ...]
    context: Context
    watch: Watch | None
    allow_missing: bool
    done: dict[str, Result] = field(default_factory=dict)
    blocked: set[str] = field(default_factory=set)
    running: dict[str, RunningCheck] = field(default_factory=dict)
    finished: queue.SimpleQueue[str] = field(default_factory=queue.SimpleQueue)

    def run(self) -> Mapping[str, Result]:
        deadline = self.context.deadline
        self._start_ready()
        while self.running:
            try:
                finished = self.finished.get(timeout=max(0.0, deadline.end + deadline.grace - deadline.clock()))
            except queue.Empty:
                self._abandon_running()
                break
            running = self.running.pop(finished)
            self._settle(self._build_result(running, running.obstacle))
            self._start_ready()
        for check in self.checks:
            if check.id not in self.done:
                self._settle(self._build_unstarted_result(check, describe_cycle(check)))
        return self.done

    def _start_ready(self, *, over: bool = False) -> None:
        """Start the checks that wait for nothing more, and skip those that can never run."""
        while ready := list(self._list_ready()):
            for check in ready:
                self._start_or_skip(check, over=over)

    def _start_or_skip(self, check: Check, *, over: bool) -> None:
        unmet, missing = self._find_unmet_need(check), self._list_missing_credentials(check)
        try:
            not_applicable = check.does_not_apply(self.context)
        except Exception as error:  # noqa: BLE001 - every check has a result, also one with a defect
            self._settle(self._build_unstarted_result(check, describe_defect(check, error)))
            return
        if not_applicable:
            self._settle(Result(id=check.id, outcome=Outcome.SKIP, reason=not_applicable, applies=False))
        elif unmet:
            self._settle(Result(id=check.id, outcome=Outcome.SKIP, reason=unmet), blocks=True)
        elif missing and self.allow_missing:
            reason = f"needs {' and '.join(missing)} (--allow-missing-credentials)"
            self._settle(Result(id=check.id, outcome=Outcome.SKIP, reason=reason))
        elif missing:
            finding = describe_missing_credentials(check, missing, self._list_missing_variables())
            self._settle(self._build_unstarted_result(check, finding))
        else:
            self._notify(check.id, None)
            self._start(check, over=over or not self.context.deadline.left())

    def _list_ready(self) -> Iterator[Check]:
        ids = {check.id for check in self.checks}
        for check in self.checks:
            waits = {*check.needs, *check.after} & ids - self.done.keys()
            if not waits and check.id not in self.done and check.id not in self.running:
                yield check

    def _find_unmet_need(self, check: Check) -> str:
        """Return which needed check did not pass, or an empty text."""
        words = {
            Outcome.FAIL: "which failed",
            Outcome.INCONCLUSIVE: "which is inconclusive",
            Outcome.SKIP: "which was skipped",
        }
        unmet = [need for need in check.needs if need in self.blocked]
        return f"needs {unmet[0]}, {words[self.done[unmet[0]].outcome]}" if unmet else ""

    def _list_missing_credentials(self, check: Check) -> list[Credential]:
        return [credential for credential in check.wants if self.context.credentials.is_missing(credential)]

    def _list_missing_variables(self) -> list[str]:
        """Return the variables that would complete the credentials of all checks, which is one cause."""
        missing = {credential for check in self.checks for credential in self._list_missing_credentials(check)}
        if Credential.ACE in missing:  # the operator token is derived from the key
            missing.discard(Credential.OPERATOR)
        return [credential.variable for credential in Credential if credential in missing]

    def _start(self, check: Check, *, over: bool) -> None:
        """Start a check, or give it a result where the deadline is over."""
        if over:
            finding = describe_timeout(check, self.context.deadline.seconds, "it was not started before the deadline")
            self._settle(self._build_unstarted_result(check, finding))
            return
        running = RunningCheck(check=check, started=self.context.deadline.clock())
        self.running[check.id] = running
        thread = threading.Thread(target=self._run_in_thread, args=(running,), name=f"check {check.id}", daemon=True)
        try:
            thread.start()
        except RuntimeError as error:  # the system has no thread left
            running.obstacle = describe_defect(check, error)
            self.finished.put(check.id)

    def _run_in_thread(self, running: RunningCheck) -> None:
        running.run(self.context)
        self.finished.put(running.check.id)

    def _notify(self, check_id: str, result: Result | None) -> None:
        if self.watch is not None:
            with contextlib.suppress(Exception):  # a display must not change a result
                self.watch(check_id, result)

    def _settle(self, result: Result, *, blocks: bool = False) -> None:
        """Store a result. A check that needs a failed or blocked one is blocked as well."""
        self.done[result.id] = result
        self._notify(result.id, result)
        if blocks or result.outcome in (Outcome.FAIL, Outcome.INCONCLUSIVE):
            self.blocked.add(result.id)

    def _abandon_running(self) -> None:
        """Give each running or waiting check a result, without waiting for it."""
        for running in self.running.values():
            found = "it was still running at the deadline, and was abandoned"
            self._settle(
                self._build_result(running, describe_timeout(running.check, self.context.deadline.seconds, found))
            )
        self.running = {}
        self._start_ready(over=True)

    def _build_result(self, running: RunningCheck, obstacle: Finding | None) -> Result:
        items = (*running.leaks, *running.items)
        findings = [item for item in items if isinstance(item, Finding)]
        evidence = [item for item in items if isinstance(item, Evidence)]
        failed = any(finding.cause is not Cause.ACCESS for finding in findings)
        unknown = bool(findings) or obstacle is not None
        return Result(
            id=running.check.id,
            outcome=Outcome.FAIL if failed else Outcome.INCONCLUSIVE if unknown else Outcome.PASS,
            findings=tuple(map(self._convert_finding, findings if obstacle is None else [*findings, obstacle])),
            evidence=tuple(item.text for item in evidence if not item.warning),
            warnings=tuple(item.text for item in evidence if item.warning),
            metrics={name: value for item in evidence for name, value in item.metrics.items()},
            site_metrics={site: found for item in evidence for site, found in item.site_metrics.items()},
            seconds=self.context.deadline.clock() - running.started,
        )

    def _build_unstarted_result(self, check: Check, finding: Finding) -> Result:
        return Result(id=check.id, outcome=Outcome.INCONCLUSIVE, findings=(self._convert_finding(finding),))

    def _convert_finding(self, finding: Finding) -> ReportedFinding:
        context = self.context
        command = finding.hint.format_command(
            stack=context.stack, worker=context.manifest.worker.name, checks=context.command, source=context.source
        )
        return ReportedFinding(
            subject=finding.subject,
            expected=finding.expected,
            found=finding.found,
            cause=finding.cause,
            hint=command,
            root=finding.root,
        )
