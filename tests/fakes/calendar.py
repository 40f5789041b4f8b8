"""The days that the fake worker copies, and the time at which the checks begin."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta

from tests.fakes import days

SETTLE = timedelta(hours=6)  # from the end of a day until it is due, as the fake manifest declares it
LATER = 30  # days between the end of a range and the run, where the range has ended
NEAR_MIDNIGHT = 40.0  # seconds, within which a run may cross the time (UTC) at which a day becomes due


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """The days from the first one to ``end`` (None without an end). The checks begin at ``begins``, in true time.

    ``lead`` is the number of days that the worker copies before they are over: 0, unless the worker is broken.
    """

    end: int | None
    begins: datetime
    lead: int = 0

    @classmethod
    def draw(cls, source: random.Random, least: int = 1) -> Calendar:
        """Return ``least`` to 40 days that are over, of a range that ended long ago, has no end, or ends in the future."""
        total = max(least, source.randint(1, source.choice((9, 9, 40))))
        kind = source.choice(("ended", "ended", "open", "open", "future"))
        moment = source.choice((_daytime, _daytime, _before_midnight, _after_midnight))(source)
        today = total + (LATER if kind == "ended" else 0)
        end = {"ended": total - 1, "open": None, "future": total + 3}[kind]
        return cls(end=end, begins=_midnight(today) + SETTLE + moment)

    def at_noon(self) -> Calendar:
        """Return the same days without an end, at noon, when clocks agree on the day."""
        total = len(self.due(0.0))
        return replace(self, end=None, begins=_midnight(total) + timedelta(hours=12))

    def leading(self, number: int) -> Calendar:
        """Return the same days, and so many more that are not over."""
        return replace(self, lead=number)

    def moment(self, elapsed: float) -> datetime:
        """Return the true time, so many seconds after the checks began."""
        return self.begins + timedelta(seconds=elapsed)

    def due(self, elapsed: float) -> list[str]:
        """Return the days to copy, so many seconds after the checks began: those that are due."""
        over = ((self.moment(elapsed) - SETTLE).date() - days.FIRST).days + self.lead
        return [days.date_of(number) for number in range(over if self.end is None else min(over, self.end + 1))]


def _midnight(number: int) -> datetime:
    return datetime.combine(days.FIRST + timedelta(days=number), time(), UTC)


def _daytime(source: random.Random) -> timedelta:
    return timedelta(hours=source.uniform(2, 22))


def _after_midnight(source: random.Random) -> timedelta:
    return timedelta(seconds=source.uniform(0, NEAR_MIDNIGHT))


def _before_midnight(source: random.Random) -> timedelta:
    return timedelta(days=1, seconds=-source.uniform(0, NEAR_MIDNIGHT))
