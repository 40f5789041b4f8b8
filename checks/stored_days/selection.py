"""Selects the days to read, by the calendar alone."""

from __future__ import annotations

import statistics
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from checks.model.finding import count
from checks.stored_days.backlog import format_days
from contract.schedule import last_day

if TYPE_CHECKING:
    from checks.stored_days.listing.days import StoredDays
    from cloudflare_client.answers import StoredObject
    from contract.schedule import SiteDay

MAX_SITES = 3  # that the text of a sample names
SPREAD = 0x9E3779B1  # days between the turns of two sites, which are spread evenly modulo each power of two
CLOCK_SKEW = timedelta(hours=1)  # the largest tolerated difference between the worker's clock and this one


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """The places to read today, of ``total`` stored ones. Daily runs read every place within ``runs`` days."""

    places: tuple[SiteDay, ...]
    total: int
    runs: int

    def describe(self, count: int | None = None) -> str:
        """Return the sample for the report. ``count`` is the number of places that were read, if not all."""
        read = len(self.places) if count is None else count
        shown = f"{read:,} of {self.total:,} stored days ({format_places(sorted(self.places))})"
        if read < len(self.places):
            return f"{shown}, because the time was over: {len(self.places):,} were selected"
        every = f", every day within {self.runs:,} daily runs"
        whole = f"all {self.total:,} stored days" if self.total > 1 else "the only stored day"
        return whole if self.runs == 1 else shown + every


def select_sample(
    sites: Collection[str], stored: Collection[SiteDay], now: datetime, *, size: int, thorough: bool = False
) -> Sample:
    """Return about ``size`` stored days of all declared sites, or all when ``thorough``.

    The choice depends on the date alone. Each day of a site has its turn once in a period. A period is a power of two,
    so one that grows with the number of days keeps the turns: no day waits longer than the period. The sites take turns
    evenly.
    """
    period = 1
    while not thorough and len(stored) > period * size:
        period *= 2
    turns = {site: number * SPREAD - now.toordinal() for number, site in enumerate(sorted(sites))}
    chosen = sorted(place for place in stored if (place.day.toordinal() + turns[place.site]) % period == 0)
    if not chosen and stored:  # no day has its turn today
        last = {place.site: place for place in sorted(stored)}
        chosen = [list(last.values())[now.toordinal() % len(last)]]
    first = now.toordinal() // period % max(1, len(chosen))  # another one in each period, for a run without enough time
    chosen = [*chosen[first:], *chosen[:first]]
    return Sample(places=tuple(chosen), total=len(stored), runs=period)


def format_places(places: Collection[SiteDay]) -> str:
    """Return stored days as a short text. The days are named where they are of few sites."""
    sites: dict[str, list[date]] = {}
    for place in places:
        sites.setdefault(place.site, []).append(place.day)
    shown = [f"{site} {format_days(days)}" for site, days in list(sites.items())[:MAX_SITES]]
    left = len(sites) - len(shown)
    return "; ".join([*shown, *([count(left, "more site")] if left else [])])


def find_last_days(end_date: str | None, now: datetime, seconds: float, settle_hours: int = 0) -> tuple[date, date]:
    """Return the earliest and the latest last day that a worker may count during a run of so many seconds.

    The worker counts a day so many hours after its end. The days differ only around that time (UTC), because clocks
    differ.
    """
    settled, late = now - timedelta(hours=settle_hours), CLOCK_SKEW + timedelta(seconds=seconds)
    return last_day(end_date, settled - CLOCK_SKEW), last_day(end_date, settled + late)


def select_smallest_day(stored: StoredDays) -> SiteDay | None:
    """Return the day with the fewest bytes per sample, if it has less than half of the median, or None."""
    ratios = {place: ratio for place, item in stored.items() if (ratio := _measure_density(item)) is not None}
    if not ratios:
        return None
    place = min(ratios, key=lambda item: (ratios[item], item))
    return place if ratios[place] < statistics.median(ratios.values()) / 2 else None


def _measure_density(item: StoredObject) -> float | None:
    samples = item.metadata.get("samples", "")
    if not (samples.isascii() and samples.isdigit() and len(samples) < 12) or samples == "0":
        return None
    return item.size / int(samples)
