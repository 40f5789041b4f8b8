"""The picture as data. The heat map, the JSON and the page are made of it, and read nothing else."""

from __future__ import annotations

import enum
from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property

from contract.control_objects import Failure, Pause
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
    def newest(self) -> date | None:
        """Return the newest stored day."""
        return next((day.date for day in reversed(self.days) if day.is_stored), None)

    @property
    def oldest_missing(self) -> date | None:
        """Return the oldest due day that is not stored, failed ones included."""
        return next((day.date for day in self.days if day.state in (State.MISSING, State.FAILED)), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class PastRun:
    """A run of the planner or of a request. ``ended`` is None while it lasts, or if it was killed."""

    trigger: str
    started: datetime
    ended: datetime | None
    version: str
    planned: int | None
    stored: int
    error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """A version of the worker: its author and time, and the number of stored days that it wrote."""

    id: str
    made: str
    is_live: bool
    days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """The expiry of ACE's key, None where the key does not say it. ``source`` describes the key for a message."""

    source: str
    expires: datetime | None


@dataclass(frozen=True, kw_only=True)
class Picture:
    """All sites at one time (``at``, UTC), and the backfill that fills them.

    ``runs`` are the last ones, newest first. ``versions`` are the live one and those that wrote a stored day. ``key``
    is None where this process has no key. ``unread`` names each part that could not be read, with the reason.
    """

    stack: str
    worker: str
    bucket: str
    at: datetime
    sites: tuple[Site, ...]
    recheck_days: int
    runs: tuple[PastRun, ...] = ()
    pause: Pause | None = None
    key: Key | None = None
    versions: tuple[Version, ...] = ()
    unread: tuple[str, ...] = ()

    @cached_property
    def counts(self) -> Counter[State]:
        """Return the number of days of each state, over all sites."""
        return sum((site.counts for site in self.sites), Counter())

    @property
    def due(self) -> int:
        """Return the number of due days of all sites."""
        return sum(site.due for site in self.sites)

    @property
    def stored(self) -> int:
        """Return the number of stored days of all sites."""
        return sum(site.stored for site in self.sites)

    @property
    def empty(self) -> int:
        """Return the number of stored days without samples, of all sites."""
        return sum(site.empty for site in self.sites)

    @property
    def ends(self) -> datetime | None:
        """Return the time at which every due day is stored at this rate. None where nothing is missing or moves."""
        return self.estimate_end(self.rate, self.counts[State.MISSING])

    @property
    def rate(self) -> Rate:
        """Return the rate of all sites together."""
        rates = [site.rate for site in self.sites if site.rate.copied]
        horizon = max((rate.horizon for rate in rates), default=HORIZON)
        return Rate(copied=sum(rate.copied for rate in rates), horizon=horizon)

    def estimate_end(self, rate: Rate, missing: int) -> datetime | None:
        """Return the end of a part of the work at its rate, None while the backfill is paused."""
        return None if self.pause is not None else rate.estimate_end(missing, self.at)
