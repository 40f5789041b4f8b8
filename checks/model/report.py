"""The results of a run, and the exit code that follows from them."""

from __future__ import annotations

import collections
import enum
from collections.abc import Mapping
from dataclasses import dataclass, field

from checks.model.finding import Cause
from checks.model.metric import Metric

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """The result of one check. ``reason`` says why it was skipped. ``seconds`` is its duration.

    ``warnings`` are the observations that need attention soon. They do not change the outcome.
    ``metrics`` are the numbers that the check measured.

    ``exempt`` says that the check does not apply to this deployment, so that ``strict`` allows its skip.
    """

    id: str
    outcome: Outcome
    findings: tuple[ReportedFinding, ...] = ()
    evidence: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    metrics: Mapping[Metric, float] = field(default_factory=dict)
    reason: str = ""
    seconds: float = 0.0
    exempt: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The results of all checks. They alone decide the exit code."""

    project: str
    stack: str
    worker: str
    url: str
    results: tuple[Result, ...]
    strict: bool = False
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
        inconclusive = self.counts[Outcome.INCONCLUSIVE] or (self.strict and self.lacking)
        return Outcome.INCONCLUSIVE if inconclusive or not self.counts[Outcome.PASS] else Outcome.PASS

    @property
    def warnings(self) -> int:
        """Return the number of warnings of all checks."""
        return sum(len(result.warnings) for result in self.results)

    @property
    def lacking(self) -> int:
        """Return the number of checks that were skipped although they apply to this deployment."""
        return sum(result.outcome is Outcome.SKIP and not result.exempt for result in self.results)

    @property
    def exit_code(self) -> int:
        """Return 0 if all checks passed, 1 if one failed, 3 if the run is inconclusive."""
        return {Outcome.FAIL: EXIT_FAILED, Outcome.INCONCLUSIVE: EXIT_INCONCLUSIVE}.get(self.outcome, EXIT_PASSED)

    def is_serious(self, result: Result) -> bool:
        """Return whether a skip counts as an error: with ``strict`` if the check applies, or if all were skipped."""
        none_judged = not self.counts[Outcome.PASS] and not self.counts[Outcome.FAIL]
        return result.outcome is Outcome.SKIP and (none_judged or (self.strict and not result.exempt))
