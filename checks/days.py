"""Which days there should be: those of the declared range, those that the worker counts, and those to look into."""

from __future__ import annotations

import random
from collections.abc import Collection
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from checks.progress import Progress, is_date, last_day
from manifest import Ace, Manifest

if TYPE_CHECKING:
    from checks.clients.cloudflare import Cloudflare
    from checks.clients.cloudflare_answers import StoredObject

SAMPLE = 4  # days that are decoded: the first, the last, and others between


def stored(cloudflare: Cloudflare, manifest: Manifest, now: datetime) -> dict[date, StoredObject]:
    """Return the stored days of the declared range; whatever else lies under the prefix is not ours to judge."""
    found = {}
    first, last = date.fromisoformat(manifest.ace.start_date), last_day(manifest.ace, now)
    if manifest.ace.end_date is None:  # midnight may have passed since this run began
        last += timedelta(days=1)
    storage = manifest.storage
    for item in cloudflare.objects(storage.bucket, prefix=storage.prefix, jurisdiction=storage.jurisdiction):
        day = _day(manifest, item.key)
        if day is not None and first <= day <= last:
            found[day] = item
    return found


def absent(ace: Ace, now: datetime, progress: Progress, found: Collection[date]) -> list[date]:
    """Return the days that are said to be complete and are not there.

    The days before the one that the worker is at must all be there, and as many as it counts: a hole that the worker
    knows of, and will fill, breaks no promise.
    """
    first = date.fromisoformat(ace.start_date)
    declared = (last_day(ace, now) - first).days + 1
    passed = (progress.current_date - first).days if progress.current_date is not None else 0
    counted = progress.days_complete if len(found) < progress.days_complete else 0
    claimed = min(max(min(passed, progress.days_complete), counted), declared + 1)
    return [day for day in (first + timedelta(days=n) for n in range(claimed)) if day not in found]


def sample(found: list[date], now: datetime) -> list[date]:
    """Return the first, the last and others between: today's choice, so that in time each day has its turn."""
    if len(found) <= SAMPLE:
        return found
    between = random.Random(now.toordinal()).sample(found[1:-1], SAMPLE - 2)  # noqa: S311 - no secret depends on it
    return [found[0], *sorted(between), found[-1]]


def one(found: list[date], now: datetime) -> date:
    """Return one of the days: today's choice, as ``sample``; raises IndexError where there is none."""
    return random.Random(now.toordinal()).choice(found)  # noqa: S311 - no secret depends on it


def _day(manifest: Manifest, key: str) -> date | None:
    text = key[len(manifest.storage.prefix) :][:10]
    if not is_date(text) or key != manifest.storage.key(manifest.ace.site, text):
        return None
    return date.fromisoformat(text)
