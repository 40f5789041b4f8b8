"""Runs checks in order of their needs, side by side, and never longer than the shared deadline.

Each check runs in a daemon thread of its own. Threads, not asyncio: what can hang includes name resolution,
decompression and plain loops, none of which a cancelled task leaves (and ``asyncio.run`` waits for its executor at
the end). A thread cannot be killed either, but it can be left behind: the verdict does not wait for it, and a daemon
does not keep the process. Checks stay plain functions, and those that do not depend on each other wait together.

Whatever a check does happens in its own thread, to the end: what it raised is put into words there, and what it held
is let go there, as either may hang. Only what keeps the interpreter's lock, as one endless call into C, stops all.
"""

from __future__ import annotations

import contextlib
import queue
import threading
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field

from checks.check import Check, Context
from checks.model.finding import Evidence, Finding
from checks.model.report import Outcome, Report, Result
from checks.run import findings

GRACE = 0.25  # seconds beyond the deadline in which a check may still say what it waited for
MOST = 100  # things that one check may say; more is a loop


@dataclass(slots=True, kw_only=True)
class _Course:
    """One check under way: what it said so far, and what it raised."""

    check: Check
    begun: float
    said: list[Evidence | Finding] = field(default_factory=list)
    obstacle: Finding | None = None

    def follow(self, context: Context) -> None:
        """Take in what the check says, to the end, and close it: that may raise as well."""
        sayings = iter(self.check.run(context))
        try:
            for said in sayings:
                if not findings.is_said(said) or len(self.said) >= MOST:
                    raise TypeError(f"a check yields at most {MOST} findings and evidence, and nothing else")
                self.said.append(said)
        finally:
            close = getattr(sayings, "close", None)
            if close is not None:
                close()
        if not self.said:
            raise ValueError("the check said nothing")


def run(
    checks: Collection[Check],
    context: Context,
    *,
    strict: bool = False,
    watch: Callable[[str, Result | None], None] | None = None,
) -> Report:
    """Run the checks, whose ids differ, and return the report; every check has a result in it, in the order given.

    ``watch`` is told, in the caller's thread, the id of each check that begins, and that with its result once it ends.
    """
    begun = context.deadline.clock()
    results = _Run(checks=tuple(checks), context=context, watch=watch).results()
    manifest = context.manifest
    return Report(
        project=manifest.project,
        stack=context.stack,
        worker=manifest.worker.name,
        url=manifest.worker.url,
        results=tuple(results[check.id] for check in checks),
        strict=strict,
        seconds=context.deadline.clock() - begun,
    )


@dataclass(slots=True, kw_only=True)
class _Run:
    checks: tuple[Check, ...]
    context: Context
    watch: Callable[[str, Result | None], None] | None
    done: dict[str, Result] = field(default_factory=dict)
    blocked: set[str] = field(default_factory=set)
    courses: dict[str, _Course] = field(default_factory=dict)
    inbox: queue.SimpleQueue[str] = field(default_factory=queue.SimpleQueue)

    def results(self) -> Mapping[str, Result]:
        deadline = self.context.deadline
        self._begin()
        while self.courses:
            try:
                finished = self.inbox.get(timeout=max(0.0, deadline.end + GRACE - deadline.clock()))
            except queue.Empty:
                self._cut()
                break
            course = self.courses.pop(finished)
            self._settle(_result(course, course.obstacle, self.context))
            self._begin()
        for check in self.checks:
            if check.id not in self.done:
                self._settle(_unbegun(check, findings.entangled(check, self.context)))
        return self.done

    def _begin(self, *, over: bool = False) -> None:
        """Start what has nothing left to wait for; skip what cannot be judged any more."""
        while ready := list(self._ready()):
            for check in ready:
                need, missing = self._obstacles(check)
                try:
                    exempt = check.exempt(self.context)
                except Exception as error:  # noqa: BLE001 - it promises not to, and every check has a result
                    self._settle(_unbegun(check, findings.broken(check, self.context, error)))
                    continue
                if exempt:
                    self._settle(Result(id=check.id, outcome=Outcome.SKIP, reason=exempt, exempt=True))
                elif need:
                    self._settle(Result(id=check.id, outcome=Outcome.SKIP, reason=need), blocks=True)
                elif missing:
                    self._settle(Result(id=check.id, outcome=Outcome.SKIP, reason=missing))
                elif over or not self.context.deadline.left():
                    self._settle(_unbegun(check, findings.late(check, self.context, "its turn never came")))
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
        words = {
            Outcome.FAIL: "which failed",
            Outcome.INCONCLUSIVE: "which is inconclusive",
            Outcome.SKIP: "which was skipped",
        }
        needs = [need for need in check.needs if need in self.blocked]
        missing = [credential for credential in check.wants if self.context.credentials.missing(credential)]
        return (
            f"needs {needs[0]}, {words[self.done[needs[0]].outcome]}" if needs else "",
            f"needs {' and '.join(missing)}" if missing else "",
        )

    def _start(self, check: Check) -> None:
        course = _Course(check=check, begun=self.context.deadline.clock())
        self.courses[check.id] = course
        self._tell(check.id, None)
        thread = threading.Thread(target=self._follow, args=(course,), name=f"check {check.id}", daemon=True)
        try:
            thread.start()
        except RuntimeError as error:  # the system has no thread left
            course.obstacle = findings.broken(check, self.context, error)
            self.inbox.put(check.id)

    def _follow(self, course: _Course) -> None:
        try:
            course.follow(self.context)
        except BaseException as error:  # noqa: BLE001 - whatever a check raises is no verdict of that check alone
            course.obstacle = findings.obstacle(course.check, self.context, error)
        self.inbox.put(course.check.id)

    def _tell(self, check_id: str, result: Result | None) -> None:
        if self.watch is not None:
            with contextlib.suppress(Exception):  # who watches changes no verdict
                self.watch(check_id, result)

    def _settle(self, result: Result, *, blocks: bool = False) -> None:
        """Note a result; what needs a check that failed, or that was skipped for such a one, cannot be judged."""
        self.done[result.id] = result
        self._tell(result.id, result)
        if blocks or result.outcome in (Outcome.FAIL, Outcome.INCONCLUSIVE):
            self.blocked.add(result.id)

    def _cut(self) -> None:
        """Give what hangs, and what waits for it, a result without waiting for it."""
        for course in self.courses.values():
            late = findings.late(course.check, self.context, "it was still waiting, and was left behind")
            self._settle(_result(course, late, self.context))
        self.courses = {}
        self._begin(over=True)


def _result(course: _Course, obstacle: Finding | None, context: Context) -> Result:
    said = tuple(course.said)
    findings = tuple(item for item in said if isinstance(item, Finding))
    otherwise = Outcome.PASS if obstacle is None else Outcome.INCONCLUSIVE
    return Result(
        id=course.check.id,
        outcome=Outcome.FAIL if findings else otherwise,
        findings=findings if obstacle is None else (*findings, obstacle),
        evidence=tuple(item.text for item in said if isinstance(item, Evidence)),
        seconds=context.deadline.clock() - course.begun,
    )


def _unbegun(check: Check, finding: Finding) -> Result:
    return Result(id=check.id, outcome=Outcome.INCONCLUSIVE, findings=(finding,))
