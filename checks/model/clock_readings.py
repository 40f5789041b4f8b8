"""The clocks of other systems, as the ``Date`` headers of their answers show them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockReading:
    """One answer: its arrival ``at`` by the clock of the deadline in seconds, and the sender's time (UTC)."""

    at: float
    date: datetime


@dataclass(slots=True, kw_only=True)
class ClockReadings:
    """All readings of a run. Several threads may add to them."""

    readings: list[ClockReading] = field(default_factory=list)

    def add(self, at: float, header: str | None) -> None:
        """Add the ``Date`` header of an answer. An absent or unreadable one is ignored."""
        try:
            date = parsedate_to_datetime(header or "")
        except ValueError:
            return
        date = date if date.tzinfo is not None else date.replace(tzinfo=UTC)
        self.readings.append(ClockReading(at=at, date=date.astimezone(UTC)))
