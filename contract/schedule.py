"""Days and due days: pure calendar arithmetic in UTC."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta


def parse_day(text: str) -> date | None:
    """Return the day in a text of the form YYYY-MM-DD, or None for any other text."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if day.isoformat() == text else None


def last_day(end_date: str | None, now: datetime) -> date:
    """Return the last day to copy: the declared end, but never a day that is not over. ``now`` is UTC."""
    yesterday = now.date() - timedelta(days=1)
    return yesterday if end_date is None else min(yesterday, date.fromisoformat(end_date))


def days_between(first: date, last: date) -> Iterator[date]:
    """Yield the days from the first to the last, both included."""
    for number in range((last - first).days + 1):
        yield first + timedelta(days=number)


def day_window(day: date) -> tuple[datetime, datetime]:
    """Return the start of a day and the start of the next one, in UTC. Raises OverflowError for the last day of all."""
    midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
    return midnight, midnight + timedelta(days=1)
