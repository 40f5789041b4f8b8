"""The results of a run, and the exit code that follows from them."""

from __future__ import annotations

import collections
import dataclasses
import enum
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from checks.model.finding import Cause
from checks.model.metric import Metric

MAX_WHAT = 160  # characters of a cause at the end of the report
MAX_REPEATED = 80  # characters of a text that several checks may repeat
EXIT_PASSED, EXIT_FAILED, EXIT_USAGE, EXIT_INCONCLUSIVE = range(4)


class Outcome(enum.IntEnum):
    """The outcome of a check, from best to worst. INCONCLUSIVE means that the check could not be done."""

    PASS = 0
    SKIP = 1
    INCONCLUSIVE = 2
    FAIL = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportedFinding:
    """A finding as text. ``hint`` is the next command."""

    subject: str
    expected: str
    found: str
    cause: Cause
    hint: str
    root: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RootCause:
    """One cause of failed or inconclusive checks, for the end of the report. ``what`` is short."""

    what: str
    cause: Cause
    hint: str
    checks: tuple[str, ...]
    failed: int
    inconclusive: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """The result of one check. ``reason`` says why it was skipped. ``seconds`` is its duration.

    ``warnings`` are the observations that need attention soon. They do not change the outcome.
    ``metrics`` are the numbers that the check measured, and ``site_metrics`` those of each site.

    ``applies`` is false for a check that was skipped because it does not apply to this deployment or run.
    """

    id: str
    outcome: Outcome
    findings: tuple[ReportedFinding, ...] = ()
    evidence: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    metrics: Mapping[Metric, float] = field(default_factory=dict)
    site_metrics: Mapping[str, Mapping[Metric, float]] = field(default_factory=dict)
    reason: str = ""
    seconds: float = 0.0
    applies: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The results of all checks. They alone decide the exit code."""

    project: str
    stack: str
    worker: str
    url: str
    results: tuple[Result, ...]
    seconds: float = 0.0
    counts: Mapping[Outcome, int] = field(init=False)

    def __post_init__(self) -> None:
        tally = collections.Counter(result.outcome for result in self.results)
        object.__setattr__(self, "counts", {outcome: tally[outcome] for outcome in Outcome})

    @property
    def outcome(self) -> Outcome:
        """Return FAIL if a check failed, INCONCLUSIVE if one was inconclusive or none passed, otherwise PASS."""
        if self.counts[Outcome.FAIL]:
            return Outcome.FAIL
        unclear = self.counts[Outcome.INCONCLUSIVE] or not self.counts[Outcome.PASS]
        return Outcome.INCONCLUSIVE if unclear else Outcome.PASS

    @property
    def warnings(self) -> int:
        """Return the number of warnings of all checks."""
        return sum(len(result.warnings) for result in self.results)

    @property
    def omitted(self) -> int:
        """Return the number of checks that were skipped although they apply to this deployment."""
        return sum(result.outcome is Outcome.SKIP and result.applies for result in self.results)

    @property
    def causes(self) -> tuple[RootCause, ...]:
        """Return the distinct causes of all findings, in the order of the checks."""
        groups: dict[object, list[tuple[Result, ReportedFinding]]] = {}
        for result in self.results:
            for finding in result.findings:
                groups.setdefault(self._find_root(finding), []).append((result, finding))
        return tuple(map(_summarize_group, groups.values()))

    def _find_root(self, finding: ReportedFinding) -> object:
        """Return the key of a finding's cause.

        A change outside Pulumi is also the cause of each other difference that the same command restores.
        """
        if finding.root:
            return finding.root
        outside = any(
            other.cause is Cause.OUTSIDE_CHANGE and other.hint == finding.hint and not other.root
            for result in self.results
            for other in result.findings
        )
        return (Cause.OUTSIDE_CHANGE if outside else finding.cause), finding.hint

    @property
    def exit_code(self) -> int:
        """Return 0 if all checks passed, 1 if one failed, 3 if the run is inconclusive."""
        return {Outcome.FAIL: EXIT_FAILED, Outcome.INCONCLUSIVE: EXIT_INCONCLUSIVE}.get(self.outcome, EXIT_PASSED)

    def is_serious(self, result: Result) -> bool:
        """Return whether a skip counts as an error, because every check was skipped."""
        none_judged = self.counts[Outcome.SKIP] == len(self.results)
        return result.outcome is Outcome.SKIP and none_judged


def _summarize_group(group: Sequence[tuple[Result, ReportedFinding]]) -> RootCause:
    """Return the cause of findings that belong together. The first check that found it describes it."""
    outcomes = {result.id: result.outcome for result, _ in group}
    first, finding = group[0]
    more = sum(result is first for result, _ in group) - 1
    text = finding.root or f"{finding.subject}: {finding.found}"
    if len(text) > MAX_WHAT:  # then the reason is worth more than the subject
        text = textwrap.shorten(finding.root or finding.found, MAX_WHAT, placeholder=" [...]")
    what = text.rstrip(".")
    return RootCause(
        what=what + (f" (and {more} more)" if more and not finding.root else ""),
        cause=finding.cause,
        hint=finding.hint,
        checks=tuple(outcomes),
        failed=sum(outcome is Outcome.FAIL for outcome in outcomes.values()),
        inconclusive=sum(outcome is Outcome.INCONCLUSIVE for outcome in outcomes.values()),
    )


def shorten_repeated(results: Sequence[Result]) -> tuple[Result, ...]:
    """Return the results. A long text of an earlier check with the same cause and command is not repeated."""
    said: dict[tuple[str, Cause, str], str] = {}

    def shorten(finding: ReportedFinding, check: str) -> ReportedFinding:
        first = said.setdefault((finding.found, finding.cause, finding.hint), check)
        if first == check or len(finding.found) <= MAX_REPEATED:
            return finding
        return dataclasses.replace(finding, found=f"the same as in the check {first}")

    return tuple(
        dataclasses.replace(result, findings=tuple(shorten(finding, result.id) for finding in result.findings))
        for result in results
    )
