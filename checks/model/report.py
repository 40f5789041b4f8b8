"""What the checks of a run came to, and the exit code that follows."""

from __future__ import annotations

import collections
import enum
from collections.abc import Mapping
from dataclasses import dataclass, field

from checks.model.finding import Finding

EXIT_KEPT, EXIT_BROKEN, EXIT_USAGE, EXIT_INCONCLUSIVE = range(4)


class Outcome(enum.IntEnum):
    """What became of a check, from best to worst; ERROR means that there is no verdict."""

    PASS = 0
    SKIP = 1
    INCONCLUSIVE = 2
    FAIL = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What one check came to; ``reason`` is why it was skipped, ``seconds`` how long it took.

    ``exempt`` is whether it was skipped because there is no promise to judge (``Check.exempt``), not for a lack.
    """

    id: str
    outcome: Outcome
    findings: tuple[Finding, ...] = ()
    evidence: tuple[str, ...] = ()
    reason: str = ""
    seconds: float = 0.0
    exempt: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What all checks came to; nothing else decides the exit code. Source: shared contracts, section 5."""

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
        """Return FAIL if a promise is broken, ERROR if one could not be judged or none was, otherwise PASS."""
        if self.counts[Outcome.FAIL]:
            return Outcome.FAIL
        unjudged = self.counts[Outcome.INCONCLUSIVE] or (self.strict and self.lacking)
        return Outcome.INCONCLUSIVE if unjudged or not self.counts[Outcome.PASS] else Outcome.PASS

    @property
    def lacking(self) -> int:
        """Return how many checks were skipped for a lack, and not for want of a promise to judge."""
        return sum(result.outcome is Outcome.SKIP and not result.exempt for result in self.results)

    @property
    def exit_code(self) -> int:
        """Return 0 if every promise is kept, 1 if one is broken, 3 if there is no verdict."""
        return {Outcome.FAIL: EXIT_BROKEN, Outcome.INCONCLUSIVE: EXIT_INCONCLUSIVE}.get(self.outcome, EXIT_KEPT)
