"""Selects the days to read, by the calendar alone."""

from __future__ import annotations

import random
import statistics
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from checks.stored_days.backlog import format_days
from contract.schedule import SiteDay, last_day

if TYPE_CHECKING:
    from cloudflare_client.answers import StoredObject

Place = tuple[str, date]  # a site and a day

MAX_SITES = 3  # that the text of a sample names
SPREAD = 0x9E3779B1  # days between the turns of two sites, which are spread evenly modulo each power of two
SAMPLE_DAYS = 4  # the first, the last, and others between
CLOCK_SKEW = timedelta(hours=1)  # the largest tolerated difference between the worker's clock and this one


def select_days(stored: Collection[SiteDay], now: datetime, *, thorough: bool) -> list[SiteDay]:
    """Return the first day, the last and others between, or all days when ``thorough``.

    The choice changes from day to day, so that every stored day is selected at some time.
    """
    found = sorted(stored)
    if thorough or len(found) <= SAMPLE_DAYS:
        return found
    between = random.Random(now.toordinal()).sample(found[1:-1], SAMPLE_DAYS - 2)  # noqa: S311 - no secret depends on it
    return [found[0], *sorted(between), found[-1]]


def select_one_day(days: Sequence[SiteDay], now: datetime) -> SiteDay:
    """Return one of the days, which changes from day to day. Raises IndexError without a day."""
    return random.Random(now.toordinal()).choice(days)  # noqa: S311 - no secret depends on it


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """The places to read today, of ``total`` stored ones. Daily runs read every place within ``runs`` days."""

    places: tuple[Place, ...]
    total: int
    runs: int

    def describe(self, count: int | None = None) -> str:
        """Return the sample for the report. ``count`` is the number of places that were read, if not all."""
        read = len(self.places) if count is None else count
        shown = f"{read:,} of {self.total:,} stored days ({format_places(self.places)})"
        if read < len(self.places):
            return f"{shown}, because the time was over: {len(self.places):,} were selected"
        every = f", every day within {self.runs:,} daily runs"
        return f"all {self.total:,} stored days" if self.runs == 1 else shown + every


def select_sample(
    stored: Mapping[str, Collection[date]], now: datetime, *, size: int, thorough: bool = False
) -> Sample:
    """Return about ``size`` places of all sites, or all when ``thorough``. The choice depends on the date alone.

    Each day of a site has its turn once in a period. A period is a power of two, so one that grows with the number of
    days keeps the turns: no day waits longer than the period. The sites take turns evenly. ``stored`` has an entry for
    each declared site.
    """
    total = sum(map(len, stored.values()))
    period = 1
    while not thorough and total > period * size:
        period *= 2
    places = [
        (site, day)
        for number, site in enumerate(sorted(stored))
        for day in sorted(stored[site])
        if (day.toordinal() + number * SPREAD - now.toordinal()) % period == 0
    ]
    if not places and total:  # no day has its turn today
        sites = sorted(site for site, days in stored.items() if days)
        site = sites[now.toordinal() % len(sites)]
        places = [(site, max(stored[site]))]
    return Sample(places=tuple(places), total=total, runs=period)


def format_places(places: Collection[Place]) -> str:
    """Return places as a short text. The days are named where they are of few sites."""
    sites: dict[str, list[date]] = {}
    for site, day in places:
        sites.setdefault(site, []).append(day)
    if len(sites) == 1:
        return ", ".join(f"{site}: {format_days(days)}" for site, days in sites.items())
    shown = [f"{site} {format_days(days)}" for site, days in list(sites.items())[:MAX_SITES]]
    left = len(sites) - len(shown)
    return "; ".join([*shown, *([f"{left} more sites"] if left else [])])


def find_last_days(end_date: str | None, now: datetime, seconds: float, settle_hours: int = 0) -> tuple[date, date]:
    """Return the earliest and the latest last day that a worker may count during a run of so many seconds.

    The worker counts a day so many hours after its end. The days differ only around that time (UTC), because clocks
    differ.
    """
    settled, late = now - timedelta(hours=settle_hours), CLOCK_SKEW + timedelta(seconds=seconds)
    return last_day(end_date, settled - CLOCK_SKEW), last_day(end_date, settled + late)


def select_smallest_day(stored: Mapping[SiteDay, StoredObject]) -> SiteDay | None:
    """Return the day with the fewest bytes per sample, if it has less than half of the median, or None."""
    ratios = {day: ratio for day, item in stored.items() if (ratio := _measure_density(item)) is not None}
    if not ratios:
        return None
    day = min(ratios, key=lambda item: (ratios[item], item))
    return day if ratios[day] < statistics.median(ratios.values()) / 2 else None


def _measure_density(item: StoredObject) -> float | None:
    samples = item.metadata.get("samples", "")
    if not (samples.isascii() and samples.isdigit() and len(samples) < 12) or samples == "0":
        return None
    return item.size / int(samples)
