"""Which days there should be: those of the declared range, those that the worker counts, and those to look into."""

from __future__ import annotations

import random
from collections.abc import Collection
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from checks.check import Context
from checks.clients.worker.progress import Progress, is_date, last_days
from contract.manifest import Manifest

if TYPE_CHECKING:
    from cloudflare_client.answers import StoredObject

SAMPLE = 4  # days that are decoded: the first, the last, and others between


def stored(context: Context) -> dict[date, StoredObject]:
    """Return the stored days of the declared range, over or not; what else lies under the prefix is not ours to judge.

    Raises CloudflareInconclusive and Inconclusive.
    """
    found, manifest = {}, context.manifest
    first = date.fromisoformat(manifest.ace.start_date)
    last = date.max if manifest.ace.end_date is None else date.fromisoformat(manifest.ace.end_date)
    storage = manifest.storage
    for item in context.cloudflare.list_objects(
        storage.bucket, prefix=storage.prefix, jurisdiction=storage.jurisdiction
    ):
        day = _day(manifest, item.key)
        if day is not None and first <= day <= last:
            found[day] = item
    return found


def early(context: Context, found: Collection[date]) -> list[date]:
    """Return the days that are not over by anybody's clock: what is stored of them can't be whole."""
    _, most = last_days(context)
    return sorted(day for day in found if day > most)


def absent(context: Context, progress: Progress, found: Collection[date]) -> list[date]:
    """Return the days that are said to be complete and are not there.

    The days before the one that the worker is at must all be there, and as many as it counts: a hole that the worker
    knows of, and will fill, breaks no promise.
    """
    first = date.fromisoformat(context.manifest.ace.start_date)
    declared = (last_days(context)[1] - first).days + 1
    passed = (progress.current_date - first).days if progress.current_date is not None else 0
    counted = progress.days_complete if len(found) < progress.days_complete else 0
    beyond = 1  # a worker that claims more days than are declared claims at least the next one
    claimed = min(max(min(passed, progress.days_complete), counted), declared + beyond)
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
