"""Days and due days: pure calendar arithmetic in UTC for checks and commands."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple

DAY = timedelta(days=1)


class SiteDay(NamedTuple):
    """A day of one site. It sorts by site, then by day. It is a tuple because a stack may have 200,000 of them."""

    site: str
    day: date

    def __str__(self) -> str:
        """Return the site and the day for a message."""
        return f"{self.site} {self.day}"


def parse_time(text: str) -> datetime:
    """Return the time that a text names as ISO 8601, in UTC. A time without an offset means UTC.

    Raises ValueError for any other text.
    """
    found = datetime.fromisoformat(text)
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def format_time(moment: datetime | None) -> str:
    """Return a time (UTC) for a message, to the second. None is a time that is not known."""
    return "an unknown time" if moment is None else f"{moment:%Y-%m-%d %H:%M:%S} UTC"


def parse_day(text: str) -> date | None:
    """Return the day that a text names as YYYY-MM-DD, None for every other text."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if day.isoformat() == text else None


def last_day(end_date: str | None, now: datetime) -> date:
    """Return the last day to copy: the declared one, or yesterday (UTC) when that is earlier.

    ``now`` is an aware time. Raises ValueError for an ``end_date`` that is not YYYY-MM-DD.
    """
    yesterday = now.astimezone(UTC).date() - DAY
    return yesterday if end_date is None else min(yesterday, date.fromisoformat(end_date))


def due_time(day: date, settle_hours: int) -> datetime:
    """Return the time at which a day is due: so many hours after its end, UTC."""
    return day_window(day)[1] + timedelta(hours=settle_hours)


def list_due_days(start_date: str, end_date: str | None, now: datetime, settle_hours: int) -> list[date]:
    """Return the days of a range that are due, oldest first.

    ``now`` is an aware time. Raises ValueError for a date that is not YYYY-MM-DD.
    """
    first, last = date.fromisoformat(start_date), last_day(end_date, now - timedelta(hours=settle_hours))
    return [first + number * DAY for number in range((last - first).days + 1)]


def day_window(day: date) -> tuple[datetime, datetime]:
    """Return the half-open window of a day: its midnight and the next one, UTC."""
    start = datetime.combine(day, time(), tzinfo=UTC)
    return start, start + DAY
