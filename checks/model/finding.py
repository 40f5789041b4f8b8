"""A finding, its cause, and the exceptions that stop a check."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field

from checks.model.hint import Hint
from checks.model.metric import Metric


class Cause(enum.StrEnum):
    """Where to look first. With ACCESS the checker did not reach the system, so nothing is known about it."""

    CONFIGURATION = "configuration"
    OUTSIDE_CHANGE = "outside_change"
    WORKER = "worker"
    ACE = "ace"
    CLOUDFLARE = "cloudflare"
    ACCESS = "access"
    PROPAGATION = "propagation"
    STORAGE = "storage"
    CHECKER = "checker"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One difference between the deployment and its manifest: ``hint`` is the next command.

    ``root`` is a short text about the cause. Findings with the same root are one cause at the end of the report.
    Without a root, findings with the same cause and hint are one.
    """

    subject: str
    expected: str
    found: str
    cause: Cause
    hint: Hint
    root: str = ""


def count(number: int, noun: str) -> str:
    """Return a number with its noun, as in ``1 more site`` and ``2 more sites``."""
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


def describe(subject: str, expected: str, found: str, cause: Cause, hint: Hint) -> Finding:
    """Return a finding. It is a short form for checks that describe many differences."""
    return Finding(subject=subject, expected=expected, found=found, cause=cause, hint=hint)


@dataclass(frozen=True, slots=True)
class Evidence:
    """One observation that agrees with the manifest.

    ``warning`` says that it needs attention soon. The report shows and counts it, and the exit code does not change.
    ``metrics`` are the numbers that it is made of, for the formats that programs read, and ``site_metrics`` those of
    each site.
    """

    text: str
    warning: bool = False
    metrics: Mapping[Metric, float] = field(default_factory=dict, kw_only=True)
    site_metrics: Mapping[str, Mapping[Metric, float]] = field(default_factory=dict, kw_only=True)


class ShapeError(Exception):
    """An answer does not have the documented form. The message names the part."""


class Stop(Exception):  # noqa: N818 - it ends a check, and is not a defect
    """Ends a check with a finding."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(f"{finding.subject}: {finding.found}")
        self.finding = finding


class Failed(Stop):
    """The deployment differs from its manifest: the check has failed."""


class Inconclusive(Stop):
    """The check could not be done. The finding names the reason."""


class TransientError(Inconclusive):
    """A retry may succeed. ``after`` is the least wait in seconds. ``answered`` says that the system sent an answer.

    ``cut_short`` says that the deadline of the run ended the request, which says nothing about the system.
    """

    def __init__(
        self, finding: Finding, *, after: float = 0.0, answered: bool = False, cut_short: bool = False
    ) -> None:
        super().__init__(finding)
        self.after = after
        self.answered = answered
        self.cut_short = cut_short


class UnresolvedError(TransientError):
    """A host name does not exist. A retry helps just after a first deployment, and never for a misspelt name."""
