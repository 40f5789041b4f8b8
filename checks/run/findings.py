"""Findings about a check without a result."""

from __future__ import annotations

from typing import TypeGuard

from checks.check import Check
from checks.model.finding import Cause, Evidence, Finding
from checks.model.hint import Hint
from checks.model.metric import is_measurements
from checks.run.request import MAX_SECONDS


def is_evidence(item: object) -> TypeGuard[Evidence]:
    """Return whether this is complete evidence. Any other object would break the report later."""
    return (
        isinstance(item, Evidence)
        and isinstance(item.text, str)
        and isinstance(item.warning, bool)
        and is_measurements(item.metrics)
    )


def is_finding(item: object) -> TypeGuard[Finding]:
    """Return whether this is a complete finding. Any other object would break the report later."""
    return (
        isinstance(item, Finding)
        and all(isinstance(getattr(item, name), str) for name in ("subject", "expected", "found"))
        and isinstance(item.hint, Hint)
        and isinstance(item.cause, Cause)
    )


def describe_defect(check: Check, error: BaseException) -> Finding:
    """Return the finding for a check that raised an unexpected exception."""
    try:
        text = f"{type(error).__name__}: {error}"
    except BaseException:  # noqa: BLE001 - the exception's own text may raise, too
        text = type(error).__name__
    return Finding(
        subject=f"the check {check.id} itself",
        expected="a result",
        found=f"{text} (a defect of the check: please report it)",
        cause=Cause.CHECKER,
        hint=Hint.rerun_verbosely(check.id),
    )


def describe_cycle(check: Check) -> Finding:
    """Return the finding for a check that waits for itself."""
    waits = " and ".join(dict.fromkeys((*check.needs, *check.after)))
    return describe_defect(check, ValueError(f"it waits for {waits}, and therefore for itself"))


def describe_timeout(check: Check, seconds: float, found: str) -> Finding:
    """Return the finding for a check that had no result at the deadline of so many seconds."""
    return Finding(
        subject=f"the check {check.id}",
        expected=f"a result within the deadline of {seconds:g} s",
        found=found,
        cause=Cause.CHECKER,
        hint=Hint.rerun_within(check.id, min(2 * seconds, MAX_SECONDS)),
    )
