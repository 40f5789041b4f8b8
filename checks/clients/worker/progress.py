"""What the worker says of its progress, and what that should be. Source: contracts, section 2."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from checks.model.finding import ShapeError
from contract.manifest import Ace

if TYPE_CHECKING:
    from checks.check import Context

CLOCKS = timedelta(hours=1)  # by so much may the worker's clock and this one differ
COUNTERS = ("days_complete", "days_total", "samples_fetched", "samples_written")


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """The worker's counters; ``current_date`` is the day that it is at, None when it names none."""

    current_date: date | None
    days_complete: int
    days_total: int
    samples_fetched: int
    samples_written: int

    @classmethod
    def read(cls, body: Mapping[str, Any]) -> Progress:
        """Read ``progress`` out of an answer; raises ShapeError, which names the field, for anything ill-formed."""
        progress = body.get("progress")
        if not isinstance(progress, dict):
            raise ShapeError("progress is no object")
        for name in COUNTERS:
            value = progress.get(name)
            if type(value) is not int or value < 0:
                raise ShapeError(f"progress.{name} is {value!r}")
        if progress["days_complete"] > progress["days_total"]:
            raise ShapeError(f"{progress['days_complete']} of {progress['days_total']} days are complete")
        current = progress.get("current_date")
        if current is not None and not (isinstance(current, str) and is_date(current)):
            raise ShapeError(f"progress.current_date is {current!r}")
        return cls(
            current_date=date.fromisoformat(current) if current else None, **{name: progress[name] for name in COUNTERS}
        )


def is_date(text: str) -> bool:
    """Return whether a text is a date as YYYY-MM-DD."""
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def last_day(ace: Ace, now: datetime) -> date:
    """Return the last day to copy: the declared one, but never one that is not over (UTC)."""
    yesterday = now.date() - timedelta(days=1)
    return yesterday if ace.end_date is None else min(yesterday, date.fromisoformat(ace.end_date))


def last_days(context: Context) -> tuple[date, date]:
    """Return the least and the greatest last day that a worker may count to, by its clock and during this run.

    They differ around midnight (UTC) only.
    """
    ace, late = context.manifest.ace, CLOCKS + timedelta(seconds=context.deadline.seconds)
    return last_day(ace, context.now - CLOCKS), last_day(ace, context.now + late)


def day_at(body: Mapping[str, Any]) -> date | None:
    """Return the day that the worker is at, None for an answer that does not say so."""
    try:
        return Progress.read(body).current_date
    except ShapeError:
        return None
