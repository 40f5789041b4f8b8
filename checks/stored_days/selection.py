"""Selects the days to read, by the calendar alone."""

from __future__ import annotations

import random
import statistics
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from contract.schedule import last_day

if TYPE_CHECKING:
    from cloudflare_client.answers import StoredObject

SAMPLE_DAYS = 4  # the first, the last, and others between
CLOCK_SKEW = timedelta(hours=1)  # the largest tolerated difference between the worker's clock and this one


def select_days(stored: Collection[date], now: datetime, *, thorough: bool) -> list[date]:
    """Return the first day, the last and others between, or all days when ``thorough``.

    The choice changes from day to day, so that every stored day is selected at some time.
    """
    found = sorted(stored)
    if thorough or len(found) <= SAMPLE_DAYS:
        return found
    between = random.Random(now.toordinal()).sample(found[1:-1], SAMPLE_DAYS - 2)  # noqa: S311 - no secret depends on it
    return [found[0], *sorted(between), found[-1]]


def select_one_day(days: Sequence[date], now: datetime) -> date:
    """Return one of the days, which changes from day to day. Raises IndexError without a day."""
    return random.Random(now.toordinal()).choice(days)  # noqa: S311 - no secret depends on it


def find_last_days(end_date: str | None, now: datetime, seconds: float) -> tuple[date, date]:
    """Return the earliest and the latest last day that a worker may count during a run of so many seconds.

    They differ only around midnight (UTC), because clocks differ.
    """
    late = CLOCK_SKEW + timedelta(seconds=seconds)
    return last_day(end_date, now - CLOCK_SKEW), last_day(end_date, now + late)


def select_smallest_day(stored: Mapping[date, StoredObject]) -> date | None:
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
