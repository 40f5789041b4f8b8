"""Lists the stored days, and fetches their objects."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from functools import partial
from typing import TYPE_CHECKING

from checks.clients.cloudflare.errors import CloudflareInconclusive
from checks.model.background import run_in_background
from checks.model.finding import Cause, Failed, Finding
from checks.model.hint import Hint
from cloudflare_client.errors import NO_BUCKET
from contract.manifest import Manifest, Storage
from contract.schedule import parse_day

if TYPE_CHECKING:
    from cloudflare_client.answers import StoredObject
    from cloudflare_client.client import CloudflareClient

MAX_CONCURRENT = 4  # objects that are fetched and in memory at a time

StoredDays = Mapping[date, "StoredObject"]


def list_days(cloudflare: CloudflareClient, manifest: Manifest) -> dict[date, StoredObject]:
    """Return the stored days of the declared range. Other objects under the prefix are left out.

    Raises Failed where the bucket does not exist, Inconclusive where the list cannot be read.
    """
    found, storage = {}, manifest.storage
    first = date.fromisoformat(manifest.ace.start_date)
    last = date.max if manifest.ace.end_date is None else date.fromisoformat(manifest.ace.end_date)
    try:
        for item in cloudflare.list_objects(storage.bucket, prefix=storage.prefix, jurisdiction=storage.jurisdiction):
            day = _parse_key(manifest, item.key)
            if day is not None and first <= day <= last:
                found[day] = item
    except CloudflareInconclusive as error:
        if NO_BUCKET not in error.codes:
            raise
        raise Failed(describe_missing_bucket(storage)) from None
    return found


def _parse_key(manifest: Manifest, key: str) -> date | None:
    text = key[len(manifest.storage.prefix) :][:10]
    day = parse_day(text)
    return day if day is not None and key == manifest.storage.key(manifest.ace.site, text) else None


def describe_missing_bucket(storage: Storage) -> Finding:
    """Return the finding for a bucket that does not exist."""
    return Finding(
        subject=f"bucket {storage.bucket}",
        expected="an existing bucket",
        found="the bucket does not exist",
        cause=Cause.STORAGE,
        hint=Hint.deploy(),
    )


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
    chosen: Sequence[date],
    stored: StoredDays,
    is_over: Callable[[], bool] = lambda: False,
) -> Iterator[tuple[date, Callable[[], bytes]]]:
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
