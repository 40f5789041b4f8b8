"""Findings about a check without a result."""

from __future__ import annotations

import functools
from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import TypeGuard

from checks.check import Check
from checks.model.credentials import Credential
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
        and isinstance(item.site_metrics, dict)
        and all(isinstance(name, str) and is_measurements(found) for name, found in item.site_metrics.items())
    )


def is_finding(item: object) -> TypeGuard[Finding]:
    """Return whether this is a complete finding. Any other object would break the report later."""
    return (
        isinstance(item, Finding)
        and all(isinstance(getattr(item, name), str) for name in ("subject", "expected", "found", "root"))
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


def describe_missing_credentials(check: Check, missing: Collection[Credential], variables: Sequence[str]) -> Finding:
    """Return the finding for a check without its credentials. ``variables`` are all that this run lacks: one cause."""
    claim = check.proves.partition(". ")[0]
    hints = [Hint.export(variable) for variable in variables]
    return Finding(
        subject=" and ".join(missing),
        expected="set",
        found=f"not set, so it was not checked that {claim}",
        cause=Cause.CHECKER,
        hint=functools.reduce(Hint.then, hints),
        root=f"{' and '.join(variables)} {'is' if len(variables) == 1 else 'are'} not set",
    )


def describe_cut_short(check: Check, seconds: float, finding: Finding) -> Finding:
    """Return the finding for a request that the deadline of so many seconds ended, with a longer deadline as hint."""
    return replace(finding, hint=Hint.rerun_within(check.id, min(2 * seconds, MAX_SECONDS)))


def describe_timeout(check: Check, seconds: float, found: str) -> Finding:
    """Return the finding for a check that had no result at the deadline of so many seconds."""
    return Finding(
        subject=f"the check {check.id}",
        expected=f"a result within the deadline of {seconds:g} s",
        found=found,
        cause=Cause.CHECKER,
        hint=Hint.rerun_within(check.id, min(2 * seconds, MAX_SECONDS)),
    )
