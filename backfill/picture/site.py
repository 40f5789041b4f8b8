"""The days of a site as data: their states, their counts and their rate."""

from __future__ import annotations

import enum
from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property

from contract.control_objects import Failure
from contract.day_object import MAX_EMPTY_BYTES


class State(enum.StrEnum):
    """The state of a day. The first four are stored, and the rest is not.

    LATE means that the re-check of a stored day is due. A RECHECKED day was read from ACE again after it was stored. An
    EMPTY day has no samples. A FAILED day is tried again after a pause. A day that is NOT_DUE is not expected yet.
    """

    STORED = "stored"
    RECHECKED = "rechecked"
    EMPTY = "empty"
    LATE = "late"
    FAILED = "failed"
    MISSING = "missing"
    NOT_DUE = "not_due"


HORIZON = timedelta(hours=1)  # the past that a rate is measured over
IS_STORED = frozenset({State.STORED, State.RECHECKED, State.EMPTY, State.LATE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """One day of a site. ``size`` (bytes) and ``uploaded`` (UTC) are those of its object, None without one.

    ``samples`` is None where the object does not say it. ``revision`` is 0 for a day that is not stored.
    ``checked`` says that the object was compared with ACE again, and ``version`` is the worker's that wrote it.
    """

    date: date
    state: State
    size: int | None = None
    uploaded: datetime | None = None
    samples: int | None = None
    revision: int = 0
    checked: bool = False
    version: str = ""

    @property
    def is_stored(self) -> bool:
        """Return whether the day has an object."""
        return self.state in IS_STORED

    @property
    def is_due(self) -> bool:
        """Return whether the day is expected to be stored."""
        return self.state is not State.NOT_DUE

    @property
    def is_empty(self) -> bool:
        """Return whether the day is stored without samples. Its state may be LATE."""
        return self.size is not None and self.size <= MAX_EMPTY_BYTES


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """The days that were copied for the first time within the last ``horizon``."""

    copied: int
    horizon: timedelta

    @property
    def days_per_hour(self) -> float:
        """Return the number of days per hour."""
        return self.copied / (self.horizon / timedelta(hours=1))

    def estimate_end(self, missing: int, now: datetime) -> datetime | None:
        """Return the time at which no day is missing at this rate, None where none is, or without a rate."""
        if not missing or not self.copied:
            return None
        try:
            return now + timedelta(hours=missing / self.days_per_hour)
        except OverflowError:
            return None


@dataclass(frozen=True, kw_only=True)
class Site:
    """One site: its days from the first declared one to the last that is over, and its failed days, oldest first."""

    name: str
    days: tuple[Day, ...]
    rate: Rate
    failures: tuple[Failure, ...] = ()

    @cached_property
    def counts(self) -> Counter[State]:
        """Return the number of days of each state."""
        return Counter(day.state for day in self.days)

    @property
    def due(self) -> int:
        """Return the number of due days, stored or not."""
        return len(self.days) - self.counts[State.NOT_DUE]

    @property
    def stored(self) -> int:
        """Return the number of stored days, empty ones included."""
        return sum(self.counts[state] for state in IS_STORED)

    @cached_property
    def empty(self) -> int:
        """Return the number of stored days without samples."""
        return sum(day.is_empty for day in self.days)

    @property
    def missing(self) -> int:
        """Return the number of due days that are not stored, failed ones included."""
        return self.counts[State.MISSING] + self.counts[State.FAILED]

    @property
    def failed(self) -> int:
        """Return the number of missing days that have a failure."""
        return self.counts[State.FAILED]

    @property
    def newest(self) -> date | None:
        """Return the newest stored day."""
        return next((day.date for day in reversed(self.days) if day.is_stored), None)

    @property
    def oldest_missing(self) -> date | None:
        """Return the oldest due day that is not stored, failed ones included."""
        return next((day.date for day in self.days if day.state in (State.MISSING, State.FAILED)), None)
