"""The due days without an object, and whether the backfill moves: by the calendar, the crons and the upload times."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from contract.cron.times import find_period, list_fires
from contract.schedule import DAY, SiteDay, due_time, list_due_days

if TYPE_CHECKING:
    from checks.stored_days.listing import StoredDays
    from contract.manifest import Manifest
    from contract.manifest.sites import DeclaredSite

CHANCES = 3  # runs of the cron that may store nothing
MAX_RUN = timedelta(minutes=15)  # Cloudflare's limit for one run of a cron
MIN_WINDOW = timedelta(minutes=30)
MIN_RATE_TIME = timedelta(hours=1)  # the past that the rate is measured over, at least
MAX_RANGES = 3  # of missing days that a text names


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteBacklog:
    """The days of a site that are due, and those of them that are ``missing`` or ``overdue``, all oldest first.

    A day is overdue when it is missing although the crons have had their chances since it was due.
    """

    site: str
    due: Sequence[date]
    missing: Sequence[date]
    overdue: Sequence[date]


@dataclass(frozen=True, slots=True, kw_only=True)
class Backlog:
    """The backlog of all sites. ``newest`` is the upload time of the object that was stored last.

    ``recent`` is the number of objects that were stored in the last ``horizon``.
    """

    sites: Sequence[SiteBacklog]
    newest: datetime | None
    recent: int
    horizon: timedelta

    @property
    def due(self) -> int:
        """Return the number of days that are due."""
        return sum(len(site.due) for site in self.sites)

    @property
    def missing(self) -> int:
        """Return the number of days that are due and not stored."""
        return sum(len(site.missing) for site in self.sites)

    @property
    def days_per_hour(self) -> float:
        """Return the number of days that were stored per hour lately."""
        return self.recent / (self.horizon / timedelta(hours=1))

    def estimate_end(self, now: datetime) -> datetime | None:
        """Return the time at which no day is missing at this rate, None without a rate."""
        return now + timedelta(hours=self.missing / self.days_per_hour) if self.recent else None


def measure(manifest: Manifest, stored: StoredDays, now: datetime) -> Backlog:
    """Return the backlog at a time (UTC). Stored days that are not due are counted in the rate only."""
    crons = manifest.schedules
    uploaded = sorted(item.uploaded for item in stored.values())
    horizon = max(MIN_RATE_TIME, CHANCES * (find_period(crons, now) or timedelta()))
    recent = [moment for moment in uploaded if now - horizon < moment]
    if recent:
        horizon = max(timedelta(minutes=1), min(horizon, now - recent[0]))
    return Backlog(
        sites=[_measure_site(manifest, site, stored, now) for site in manifest.sites],
        newest=max(uploaded, default=None),
        recent=len(recent),
        horizon=horizon,
    )


def _measure_site(manifest: Manifest, site: DeclaredSite, stored: StoredDays, now: datetime) -> SiteBacklog:
    settle_hours = manifest.ace.settle_hours
    due = list_due_days(site.start_date, site.end_date, now, settle_hours)
    missing = [day for day in due if SiteDay(site.name, day) not in stored]
    overdue = _find_overdue(missing, settle_hours, manifest.schedules, now)
    return SiteBacklog(site=site.name, due=due, missing=missing, overdue=overdue)


def find_window_end(crons: Collection[str], since: datetime) -> datetime:
    """Return the end of the window in which the backfill must store something after a moment.

    The window is three periods of the cron long, at least 30 minutes, and long enough for three runs to end. It is 30
    minutes long without a cron, and for one that never fires.
    """
    fires = list_fires(crons, since, CHANCES)
    if len(fires) < CHANCES:
        return since + MIN_WINDOW
    period = max(later - earlier for earlier, later in itertools.pairwise(fires))
    return max(since + MIN_WINDOW, since + CHANCES * period, fires[-1] + MAX_RUN)


def _find_overdue(missing: Sequence[date], settle_hours: int, crons: Collection[str], now: datetime) -> list[date]:
    """Return the missing days with a window that is over. A later day's window never ends before an earlier day's."""
    for count in range(len(missing), 0, -1):
        if find_window_end(crons, due_time(missing[count - 1], settle_hours)) <= now:
            return list(missing[:count])
    return []


def format_days(days: Iterable[date]) -> str:
    """Return days as a short text: ranges, of which at most three are named."""
    ranges: list[list[date]] = []
    for day in sorted(days):
        if ranges and day - ranges[-1][-1] == DAY:
            ranges[-1] = [ranges[-1][0], day]
        else:
            ranges.append([day])
    texts = [" to ".join(map(str, each)) for each in ranges]
    left = len(texts) - MAX_RANGES
    if left > 0:
        texts = [*texts[: MAX_RANGES - 1], f"{left} more gaps", texts[-1]]
    return ", ".join(texts)
