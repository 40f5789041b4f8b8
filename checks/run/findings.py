"""Why a check came to no verdict, as a finding, and what counts as something that a check said."""

from __future__ import annotations

from typing import TypeGuard

from checks.check import Check, Context
from checks.model.finding import Cause, Evidence, Finding, Inconclusive
from checks.run.options import LONGEST


def is_said(said: object) -> TypeGuard[Evidence | Finding]:
    """Return whether this is a finding or evidence, whole: what is not would break the report later."""
    if isinstance(said, Evidence):
        return isinstance(said.text, str)
    texts = ("subject", "expected", "found", "hint")
    return (
        isinstance(said, Finding)
        and all(isinstance(getattr(said, name), str) for name in texts)
        and isinstance(said.cause, Cause)
    )


def obstacle(check: Check, context: Context, error: BaseException) -> Finding:
    """Return what was in the way of a verdict."""
    said = getattr(error, "finding", None) if isinstance(error, Inconclusive) else None
    return said if is_said(said) and isinstance(said, Finding) else broken(check, context, error)


def broken(check: Check, context: Context, error: BaseException) -> Finding:
    """Return what to say of a check that is at fault itself."""
    try:
        text = f"{type(error).__name__}: {error}"
    except BaseException:  # noqa: BLE001 - an error that cannot even say what it is
        text = type(error).__name__
    return Finding(
        subject=f"the check {check.id} itself",
        expected="a verdict",
        found=f"{text} (a defect of the check: please report it)",
        cause=Cause.CHECKER,
        hint=f"{context.again(check.id)} --verbose",
    )


def entangled(check: Check, context: Context) -> Finding:
    """Return what to say of a check that can never begin."""
    waits = " and ".join(dict.fromkeys((*check.needs, *check.after)))
    return broken(check, context, ValueError(f"it waits for {waits}, and so, in the end, for itself"))


def late(check: Check, context: Context, actual: str) -> Finding:
    """Return what to say of a check that the deadline left without a verdict."""
    seconds = context.deadline.seconds
    return Finding(
        subject=f"the check {check.id}",
        expected=f"a verdict within the deadline of {seconds:g} s",
        found=actual,
        cause=Cause.CHECKER,
        hint=f"{context.again(check.id)} --deadline {min(2 * seconds, LONGEST):g}s",
    )
