"""Runs checks in order of their needs, side by side, and never longer than the shared deadline.

Each check runs in a daemon thread of its own. Threads, not asyncio: what can hang includes name resolution,
decompression and plain loops, none of which a cancelled task leaves (and ``asyncio.run`` waits for its executor at
the end). A thread cannot be killed either, but it can be left behind: the verdict does not wait for it, and a daemon
does not keep the process. Checks stay plain functions, and those that do not depend on each other wait together.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

from checks.context import Context
from checks.model import Blame, Check, Evidence, Finding, NoVerdictError, Outcome, Report, Result
from checks.options import LONGEST

GRACE = 0.25  # seconds beyond the deadline in which a check may still say what it waited for
MOST = 100  # things that one check may say; more is a loop


@dataclass(slots=True, kw_only=True)
class _Course:
    """One check under way: what it said so far, and what it raised."""

    check: Check
    begun: float
    said: list[Evidence | Finding] = field(default_factory=list)
    raised: BaseException | None = None

    def hear(self, said: object) -> None:
        if not isinstance(said, Evidence | Finding) or len(self.said) >= MOST:
            raise TypeError(f"a check yields at most {MOST} findings and evidence, and nothing else")
        self.said.append(said)


def run(checks: Collection[Check], context: Context, *, strict: bool = False) -> Report:
    """Run the checks and return the report; every check has a result in it, in the order given."""
    begun = context.patience.clock()
    results = _Run(checks=tuple(checks), context=context).results()
    manifest = context.manifest
    return Report(
        project=manifest.project,
        stack=context.stack,
        worker=manifest.worker.name,
        url=manifest.worker.url,
        results=tuple(results[check.id] for check in checks),
        strict=strict,
        seconds=context.patience.clock() - begun,
    )


@dataclass(slots=True, kw_only=True)
class _Run:
    checks: tuple[Check, ...]
    context: Context
    done: dict[str, Result] = field(default_factory=dict)
    blocked: set[str] = field(default_factory=set)
    courses: dict[str, _Course] = field(default_factory=dict)
    inbox: queue.SimpleQueue[str] = field(default_factory=queue.SimpleQueue)

    def results(self) -> Mapping[str, Result]:
        patience = self.context.patience
        self._begin()
        while self.courses:
            try:
                finished = self.inbox.get(timeout=max(0.0, patience.end + GRACE - patience.clock()))
            except queue.Empty:
                self._cut()
                break
            self._settle(_result(self.courses.pop(finished), self.context))
            self._begin()
        return self.done

    def _begin(self, *, over: bool = False) -> None:
        """Start what has nothing left to wait for; skip what cannot be judged any more."""
        while ready := list(self._ready()):
            for check in ready:
                need, missing = self._obstacles(check)
                if need:
                    self._settle(Result(id=check.id, outcome=Outcome.SKIP, reason=need), blocks=True)
                elif missing:
                    self._settle(Result(id=check.id, outcome=Outcome.SKIP, reason=missing))
                elif over or not self.context.patience.left():
                    self._settle(_unbegun(check, self.context))
                else:
                    self._start(check)

    def _ready(self) -> Iterator[Check]:
        ids = {check.id for check in self.checks}
        for check in self.checks:
            waits = {*check.needs, *check.after} & ids - self.done.keys()
            if not waits and check.id not in self.done and check.id not in self.courses:
                yield check

    def _obstacles(self, check: Check) -> tuple[str, str]:
        """Return why a check cannot be judged: for what it needs, and for a credential that is missing."""
        words = {Outcome.FAIL: "which failed", Outcome.ERROR: "which has no verdict", Outcome.SKIP: "which was skipped"}
        needs = [need for need in check.needs if need in self.blocked]
        missing = [credential for credential in check.wants if self.context.credentials.missing(credential)]
        return (
            f"needs {needs[0]}, {words[self.done[needs[0]].outcome]}" if needs else "",
            f"needs {' and '.join(missing)}" if missing else "",
        )

    def _start(self, check: Check) -> None:
        course = _Course(check=check, begun=self.context.patience.clock())
        self.courses[check.id] = course
        threading.Thread(target=self._follow, args=(course,), name=f"check {check.id}", daemon=True).start()

    def _follow(self, course: _Course) -> None:
        try:
            for said in course.check.run(self.context):
                course.hear(said)
        except BaseException as error:  # noqa: BLE001 - whatever a check raises is no verdict of that check alone
            course.raised = error
        finally:
            self.inbox.put(course.check.id)

    def _settle(self, result: Result, *, blocks: bool = False) -> None:
        """Note a result; what needs a check that failed, or that was skipped for such a one, cannot be judged."""
        self.done[result.id] = result
        if blocks or result.outcome in (Outcome.FAIL, Outcome.ERROR):
            self.blocked.add(result.id)

    def _cut(self) -> None:
        """Give what hangs, and what waits for it, a result without waiting for it."""
        for course in self.courses.values():
            course.raised = NoVerdictError(
                _late(course.check, self.context, "it was still waiting, and was left behind")
            )
            self._settle(_result(course, self.context))
        self.courses = {}
        self._begin(over=True)


def _result(course: _Course, context: Context) -> Result:
    said, raised = tuple(course.said), course.raised
    findings = [item for item in said if isinstance(item, Finding)]
    outcome = Outcome.FAIL if findings else Outcome.PASS
    if raised is None and not said:
        raised = ValueError("the check said nothing")
    if raised is not None:
        outcome = max(outcome, Outcome.ERROR)
        findings.append(
            raised.finding if isinstance(raised, NoVerdictError) else _broken(course.check, context, raised)
        )
    return Result(
        id=course.check.id,
        outcome=outcome,
        findings=tuple(findings),
        evidence=tuple(item.text for item in said if isinstance(item, Evidence)),
        seconds=context.patience.clock() - course.begun,
    )


def _broken(check: Check, context: Context, error: BaseException) -> Finding:
    return Finding(
        subject=f"the check {check.id} itself",
        expected="a verdict",
        actual=f"{type(error).__name__}: {error} (a defect of the check: please report it)",
        blame=Blame.CHECKER,
        hint=f"{context.again(check.id)} --verbose",
    )


def _unbegun(check: Check, context: Context) -> Result:
    finding = _late(check, context, "its turn never came")
    return Result(id=check.id, outcome=Outcome.ERROR, findings=(finding,))


def _late(check: Check, context: Context, actual: str) -> Finding:
    seconds = context.patience.seconds
    return Finding(
        subject=f"the check {check.id}",
        expected=f"a verdict within the deadline of {seconds:g} s",
        actual=actual,
        blame=Blame.CHECKER,
        hint=f"{context.again(check.id)} --deadline {min(2 * seconds, LONGEST):g}s",
    )
