"""The due days without an object, and whether the backfill moves: by the calendar, the crons and the upload times."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from checks.stored_days.listing.days import group_by_site
from contract.cron.times import find_period, list_fires
from contract.schedule import DAY, day_window, due_time, last_day, list_due_days

if TYPE_CHECKING:
    from checks.stored_days.listing.days import StoredDays
    from cloudflare_client.answers import StoredObject
    from contract.manifest import DeclaredAce, Manifest
    from contract.manifest.sites import DeclaredSite
    from contract.schedule import SiteDay

CHANCES = 3  # runs of the cron that may store nothing
MAX_RUN = timedelta(minutes=15)  # Cloudflare's limit for one run of a cron
MIN_WINDOW = timedelta(minutes=30)
MIN_RATE_TIME = timedelta(hours=1)  # the past that the rate is measured over, at least
MAX_LATE = timedelta(days=1)  # of a re-check
MAX_WAIT_DAYS = 400  # that are searched for a window that is over
MAX_RANGES = 3  # of missing days that a text names


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteBacklog:
    """The days of a site that are due, and those of them that are ``missing``, oldest first.

    A missing day is ``failed`` if it has a failure record, or if a failure holds all days of its site. Another one is
    overdue when the crons have had their chances since it was due. ``newest`` is the newest stored day, and
    ``uploaded`` the time of the last upload. ``unchecked`` are the stored days that were not read again although it is
    time.
    """

    name: str
    due: int
    missing: Sequence[date]
    overdue: Sequence[date]
    failed: Sequence[date]
    unchecked: Sequence[date]
    newest: date | None
    uploaded: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Backlog:
    """The backlog of all sites. ``recent`` is the number of objects that were stored in the last ``horizon``."""

    sites: Sequence[SiteBacklog]
    recent: int
    horizon: timedelta

    @property
    def due(self) -> int:
        """Return the number of due days."""
        return sum(site.due for site in self.sites)

    @property
    def missing(self) -> int:
        """Return the number of due days that are not stored, failed ones included."""
        return sum(len(site.missing) for site in self.sites)

    @property
    def failed(self) -> int:
        """Return the number of missing days that a failure explains."""
        return sum(len(site.failed) for site in self.sites)

    @property
    def newest(self) -> datetime | None:
        """Return the upload time of the object that was stored last."""
        return max((site.uploaded for site in self.sites if site.uploaded), default=None)

    @property
    def days_per_hour(self) -> float:
        """Return the number of days that were stored per hour lately."""
        return self.recent / (self.horizon / timedelta(hours=1))

    def estimate_end(self, now: datetime) -> datetime | None:
        """Return the time at which no day but the failed ones is missing at this rate, None without a rate."""
        left = self.missing - self.failed
        return now + timedelta(hours=left / self.days_per_hour) if self.recent else None


def measure(
    manifest: Manifest,
    stored: StoredDays,
    failed: Collection[SiteDay],
    now: datetime,
    held: Collection[str] = frozenset(),
) -> Backlog:
    """Return the backlog at a time (UTC). Stored days that are not due are counted in the rate only.

    ``failed`` are the days with a failure record, and ``held`` the sites of which a failure holds all days.
    """
    crons = manifest.schedules
    horizon = max(MIN_RATE_TIME, CHANCES * (find_period(crons, now) or timedelta()))
    recent = sorted(item.uploaded for item in stored.values() if now - horizon < item.uploaded)
    if recent:
        horizon = max(timedelta(minutes=1), min(horizon, now - recent[0]))
    limit = _find_overdue_limit(manifest.ace.settle_hours, crons, now)
    days = group_by_site(manifest, stored)
    failures: dict[str, set[date]] = {site.name: set() for site in manifest.sites}
    for place in failed:
        failures[place.site].add(place.day)
    sites = [
        _measure_site(
            manifest.ace, site, days[site.name], None if site.name in held else failures[site.name], limit, now
        )
        for site in manifest.sites
    ]
    return Backlog(sites=sites, recent=len(recent), horizon=horizon)


def _measure_site(
    ace: DeclaredAce,
    site: DeclaredSite,
    stored: Mapping[date, StoredObject],
    failures: Collection[date] | None,
    limit: date,
    now: datetime,
) -> SiteBacklog:
    """Return the backlog of a site. ``failures`` are its failed days, None where a failure holds all days."""
    due = list_due_days(site.start_date, site.end_date, now, ace.settle_hours)
    missing = [day for day in due if day not in stored]
    waiting = [] if failures is None else [day for day in missing if day not in failures]
    return SiteBacklog(
        name=site.name,
        due=len(due),
        missing=missing,
        overdue=[day for day in waiting if day <= limit],
        failed=[day for day in missing if failures is None or day in failures],
        unchecked=_list_unchecked(ace.recheck_days, stored, now),
        newest=max(stored, default=None),
        uploaded=max((item.uploaded for item in stored.values()), default=None),
    )


def _list_unchecked(recheck_days: int, stored: Mapping[date, StoredObject], now: datetime) -> list[date]:
    """Return the stored days whose re-check is overdue by MAX_LATE. It uploads the object again."""
    if not recheck_days:
        return []
    wait = timedelta(days=recheck_days)
    ends = {day: day_window(day)[1] + wait for day in stored}
    return sorted(day for day, item in stored.items() if item.uploaded < ends[day] < now - MAX_LATE)


def _find_overdue_limit(settle_hours: int, crons: Collection[str], now: datetime) -> date:
    """Return the last day whose window is over. A later day's window never ends before an earlier day's."""
    day = last_day(None, now - timedelta(hours=settle_hours))
    for _ in range(MAX_WAIT_DAYS):
        if find_window_end(crons, due_time(day, settle_hours)) <= now:
            return day
        day -= DAY
    return date.min


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
