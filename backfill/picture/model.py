"""The picture as data. The heat map, the JSON and the page are made of it, and read nothing else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from backfill.picture.site import HORIZON, Rate, Site, State
from contract.control_objects import Pause


@dataclass(frozen=True, slots=True, kw_only=True)
class PastRun:
    """A run of the planner, of a request or of a consumer. ``ended`` is None while it lasts, or if it was killed.

    ``planned`` are the missing days at its start. ``queued`` days were sent to the queue, None for another run.
    ``kept`` are rows of re-checked days that only R2 has.
    """

    trigger: str
    started: datetime
    ended: datetime | None
    version: str
    planned: int | None
    queued: int | None
    failed: int
    stored: int
    rechecked: int
    kept: int
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
    def missing(self) -> int:
        """Return the number of due days that are not stored, of all sites."""
        return sum(site.missing for site in self.sites)

    @property
    def failed(self) -> int:
        """Return the number of missing days that have a failure, of all sites."""
        return sum(site.failed for site in self.sites)

    @property
    def empty(self) -> int:
        """Return the number of stored days without samples, of all sites."""
        return sum(site.empty for site in self.sites)

    @property
    def ends(self) -> datetime | None:
        """Return the time at which no day is missing, failed ones left out. None where none is, or nothing moves.

        Sites that are complete have no part in the rate, because nothing of them is left to copy.
        """
        left = [site for site in self.sites if site.counts[State.MISSING]]
        return self.estimate_end(_add_rates(left), self.counts[State.MISSING])

    @property
    def rate(self) -> Rate:
        """Return the rate of all sites together."""
        return _add_rates(self.sites)

    def estimate_end(self, rate: Rate, missing: int) -> datetime | None:
        """Return the end of a part of the work at its rate, None while the backfill is paused."""
        return None if self.pause is not None else rate.estimate_end(missing, self.at)


def _add_rates(sites: Sequence[Site]) -> Rate:
    rates = [site.rate for site in sites if site.rate.copied]
    horizon = max((rate.horizon for rate in rates), default=HORIZON)
    return Rate(copied=sum(rate.copied for rate in rates), horizon=horizon)
