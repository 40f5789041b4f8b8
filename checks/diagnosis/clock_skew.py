"""Compares the clock of this machine with the clocks of Cloudflare's API and of the worker."""

from __future__ import annotations

from datetime import datetime, timedelta

from checks.check import Context
from checks.model.finding import Cause, Evidence, Finding, Inconclusive
from checks.model.hint import Hint
from checks.stored_days.selection import CLOCK_SKEW

TOLERANCE = timedelta(seconds=60)  # a Date header has whole seconds, and an answer may take some


def measure_skew(context: Context) -> timedelta | None:
    """Return how far this machine's clock is behind the others (ahead: negative), or None if no answer had a date.

    It compares the answers so far, so a check sends its requests first. A cached answer has an older date than its
    sender's clock, so the latest clock counts.
    """
    began, start = context.now, context.deadline.end - context.deadline.seconds
    skews = [
        reading.date - (began + timedelta(seconds=reading.at - start)) for reading in context.clock_readings.readings
    ]
    return max(skews, default=None)


def correct_now(context: Context) -> datetime:
    """Return the time at which the run began, by the clock of Cloudflare where this machine's clock is wrong."""
    skew = measure_skew(context)
    return context.now if skew is None or abs(skew) <= TOLERANCE else context.now + skew


def find_skew(context: Context) -> Evidence | None:
    """Return a warning if this machine's clock is wrong by more than TOLERANCE, but usable.

    Raises Inconclusive for a clock that is wrong by more than an hour: no judgement that depends on the time holds.
    """
    skew = measure_skew(context)
    if skew is None or abs(skew) <= TOLERANCE:
        return None
    if abs(skew) > CLOCK_SKEW + TOLERANCE:
        raise Inconclusive(_describe_skew(context, skew))
    return Evidence(f"the clock of this machine is {_format_skew(skew)} Cloudflare's: set the clock", warning=True)


def _describe_skew(context: Context, skew: timedelta) -> Finding:
    return Finding(
        subject="clock of this machine",
        expected=f"the time of Cloudflare's answers, {context.now + skew:%Y-%m-%d %H:%M} UTC",
        found=f"{context.now:%Y-%m-%d %H:%M} UTC, {_format_skew(skew)} Cloudflare's. Set the clock of this machine",
        cause=Cause.CHECKER,
        hint=Hint.show_clock(),
    )


def _format_skew(skew: timedelta) -> str:
    seconds = abs(skew.total_seconds())
    amounts = ((seconds / 3600, "h"), (seconds / 60, "min"))
    amount, unit = next((item for item in amounts if round(item[0]) >= 1), amounts[-1])
    return f"{amount:.0f} {unit} {'behind' if skew > timedelta() else 'ahead of'}"
