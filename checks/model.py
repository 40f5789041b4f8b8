"""The words of a verdict: outcome, blame, finding, check, result and report, all of them frozen data."""

from __future__ import annotations

import collections
import enum
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from checks.context import Context

BEFORE_DEPLOYMENT = "pre-deploy"  # the tag of a check that judges what is declared, before anything is deployed
EXIT_KEPT, EXIT_BROKEN, EXIT_USAGE, EXIT_NO_VERDICT = range(4)


class Outcome(enum.IntEnum):
    """What became of a check, from best to worst; ERROR means that there is no verdict."""

    PASS = 0
    SKIP = 1
    ERROR = 2
    FAIL = 3


class Blame(enum.StrEnum):
    """Where to look first."""

    CONFIG = "config"
    WORKER = "worker"
    UPSTREAM = "upstream"
    PROPAGATION = "propagation"
    STORAGE = "storage"
    CHECKER = "checker"


class Credential(enum.StrEnum):
    """What a check may have to hold; the value says, for people, where it is looked for."""

    CLOUDFLARE = "CLOUDFLARE_API_TOKEN"
    OPERATOR = "OPERATOR_TOKEN (or ACE_API_KEY, or the output operatorToken of --stack)"
    ACE = "ACE_API_KEY (or aceApiKey of --stack)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that is not as promised: ``hint`` is the next command to type, and it exists."""

    subject: str
    expected: str
    actual: str
    blame: Blame
    hint: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """One thing that was seen to be as promised."""

    text: str


class ShapeError(Exception):
    """An answer is not of the documented form; the message says where."""


class NoVerdictError(Exception):
    """Nothing can be said about a promise; the finding says what was in the way."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(f"{finding.subject}: {finding.actual}")
        self.finding = finding


class TransientError(NoVerdictError):
    """No verdict yet, and time can cure it: ``after`` is the least wait in seconds, ``answered`` if anybody did."""

    def __init__(self, finding: Finding, *, after: float = 0.0, answered: bool = False) -> None:
        super().__init__(finding)
        self.after = after
        self.answered = answered


class UnresolvedError(TransientError):
    """A host's name does not exist: cured by time just after a first deployment, and never where it is misspelt."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """One usual reason for a check to fail, and what to do about it."""

    what: str
    fix: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One promise and the function that judges it.

    ``run`` yields evidence and findings, at least one; what it raises is no verdict. ``step`` is the runbook's and
    orders the report. ``needs`` must hold before it can be judged, ``after`` is only an order, ``beside`` are
    chosen along with it and run at the same time, ``wants`` are the credentials without which it is skipped. ``exempt``
    returns why this deployment makes no such promise, or why there is nothing to judge it by in this run, None where
    there is: a look at the context that asks nobody and raises nothing. An exempt check is skipped before anything else
    is looked at, blocks nobody, and is no lack under --strict.
    """

    run: Callable[[Context], Iterator[Evidence | Finding]]
    proves: str
    runbook: str
    step: int
    causes: tuple[Cause, ...]
    needs: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    beside: tuple[str, ...] = ()
    wants: tuple[Credential, ...] = ()
    tags: frozenset[str] = frozenset()
    exempt: Callable[[Context], str | None] = lambda _context: None

    @property
    def id(self) -> str:
        """Return the check's name: that of its function and of its file."""
        return self.run.__name__


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
        unjudged = self.counts[Outcome.ERROR] or (self.strict and self.lacking)
        return Outcome.ERROR if unjudged or not self.counts[Outcome.PASS] else Outcome.PASS

    @property
    def lacking(self) -> int:
        """Return how many checks were skipped for a lack, and not for want of a promise to judge."""
        return sum(result.outcome is Outcome.SKIP and not result.exempt for result in self.results)

    @property
    def exit_code(self) -> int:
        """Return 0 if every promise is kept, 1 if one is broken, 3 if there is no verdict."""
        return {Outcome.FAIL: EXIT_BROKEN, Outcome.ERROR: EXIT_NO_VERDICT}.get(self.outcome, EXIT_KEPT)
