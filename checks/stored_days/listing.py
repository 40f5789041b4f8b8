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
from contract.manifest.sites import DeclaredSite
from contract.schedule import SiteDay, parse_day

if TYPE_CHECKING:
    from cloudflare_client.answers import StoredObject
    from cloudflare_client.client import CloudflareClient

MAX_CONCURRENT = 4  # objects that are fetched and in memory at a time

StoredDays = Mapping[SiteDay, "StoredObject"]
DaysOfSite = Mapping[date, "StoredObject"]


def list_days(cloudflare: CloudflareClient, manifest: Manifest) -> dict[SiteDay, StoredObject]:
    """Return the stored days of the declared ranges of all sites. Other objects under the prefixes are left out.

    Raises Failed where the bucket does not exist, Inconclusive where the list cannot be read.
    """
    found: dict[SiteDay, StoredObject] = {}
    try:
        for start in range(0, len(manifest.sites), MAX_CONCURRENT):
            some = manifest.sites[start : start + MAX_CONCURRENT]
            reads = [partial(_list_site, cloudflare, manifest, site) for site in some]
            waiting = [run_in_background(read, number) for number, read in enumerate(reads, start=1)]
            for wait in waiting:
                found.update(wait())
    except CloudflareInconclusive as error:
        if NO_BUCKET not in error.codes:
            raise
        raise Failed(describe_missing_bucket(manifest.storage)) from None
    return found


def group_by_site(manifest: Manifest, stored: StoredDays) -> dict[str, dict[date, StoredObject]]:
    """Return the stored days of each declared site, none for a site without one."""
    found: dict[str, dict[date, StoredObject]] = {site.name: {} for site in manifest.sites}
    for (site, day), item in stored.items():
        found[site][day] = item
    return found


def _list_site(cloudflare: CloudflareClient, manifest: Manifest, site: DeclaredSite) -> dict[SiteDay, StoredObject]:
    storage, prefix, found = manifest.storage, manifest.prefix(site.name), {}
    first = date.fromisoformat(site.start_date)
    last = date.max if site.end_date is None else date.fromisoformat(site.end_date)
    for item in cloudflare.list_objects(storage.bucket, prefix=prefix, jurisdiction=storage.jurisdiction):
        text = item.key[len(prefix) :][:10]
        day = parse_day(text)
        if day is not None and item.key == storage.key(site.name, text) and first <= day <= last:
            found[SiteDay(site.name, day)] = item
    return found


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
