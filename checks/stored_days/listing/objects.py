"""Fetches the objects of stored days, several at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING

from checks.model.background import run_in_background
from checks.model.finding import Cause, Failed, Finding
from checks.model.hint import Hint

if TYPE_CHECKING:
    from checks.stored_days.listing.days import StoredDays
    from cloudflare_client.answers import StoredObject
    from cloudflare_client.client import CloudflareClient
    from contract.manifest import Storage
    from contract.schedule import SiteDay

MAX_CONCURRENT = 4  # objects that are fetched and in memory at a time


def fetch_object(cloudflare: CloudflareClient, storage: Storage, item: StoredObject) -> bytes:
    """Return the stored bytes of an object. Raises Failed for a listed object that cannot be read."""
    answer = cloudflare.read_object(storage.bucket, item.key, jurisdiction=storage.jurisdiction)
    if answer.status == 200:
        return answer.body
    raise Failed(
        Finding(
            subject=item.key,
            expected="a readable object, because it is in the list",
            found=answer.shown,
            cause=Cause.STORAGE,
            hint=Hint.deploy(),
        )
    )


def fetch_concurrently(
    cloudflare: CloudflareClient,
    storage: Storage,
    chosen: Sequence[SiteDay],
    stored: StoredDays,
    is_over: Callable[[], bool] = lambda: False,
) -> Iterator[tuple[SiteDay, Callable[[], bytes]]]:
    """Yield each chosen day with a function that waits for its object, and raises as ``fetch_object`` does.

    No further requests are sent once ``is_over`` returns true.
    """
    for start in range(0, len(chosen), MAX_CONCURRENT):
        if is_over():
            return
        some = chosen[start : start + MAX_CONCURRENT]
        waiting = [
            run_in_background(partial(fetch_object, cloudflare, storage, stored[day]), number)
            for number, day in enumerate(some, start=1)
        ]
        yield from zip(some, waiting, strict=True)


def find_newer_entry(cloudflare: CloudflareClient, storage: Storage, item: StoredObject) -> StoredObject | None:
    """Return the entry of an object that was written again since it was listed, None for any other object."""
    listed = cloudflare.list_objects(storage.bucket, prefix=item.key, jurisdiction=storage.jurisdiction)
    found = next((other for other in listed if other.key == item.key), None)
    return None if found is None or found.uploaded == item.uploaded else found
