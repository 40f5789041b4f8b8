"""Lists the stored days of all sites."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from functools import partial
from typing import TYPE_CHECKING

from checks.clients.cloudflare.errors import CloudflareInconclusive
from checks.model.background import run_in_background
from checks.model.finding import Cause, Failed, Finding
from checks.model.hint import Hint
from checks.stored_days.listing.packed_metadata import Names, pack_metadata
from checks.stored_days.listing.prefixes import PAGE, KeyReader, find_common_prefix, list_prefixes
from cloudflare_client.answers import StoredObject
from cloudflare_client.errors import NO_BUCKET
from contract.schedule import SiteDay

if TYPE_CHECKING:
    from cloudflare_client.client import CloudflareClient
    from contract.manifest import Manifest, Storage

MAX_CONCURRENT = 4  # lists that are read at a time

StoredDays = Mapping[SiteDay, StoredObject]
DaysOfSite = Mapping[date, StoredObject]


def list_days(cloudflare: CloudflareClient, manifest: Manifest, now: datetime) -> dict[SiteDay, StoredObject]:
    """Return the stored days of the declared ranges of all sites. Other objects under the prefixes are left out.

    It needs about one request for 1,000 objects: one list of all sites where each has few days, else one list a site.
    Raises Failed where the bucket does not exist, Inconclusive where the list cannot be read.
    """
    try:
        return _list_all(cloudflare, manifest, now)
    except CloudflareInconclusive as error:
        if NO_BUCKET not in error.codes:
            raise
        raise Failed(describe_missing_bucket(manifest.storage)) from None


def _list_all(cloudflare: CloudflareClient, manifest: Manifest, now: datetime) -> dict[SiteDay, StoredObject]:
    reader, names, prefixes = KeyReader.create(manifest), dict[Names, Names](), list_prefixes(manifest)
    common = find_common_prefix(manifest, prefixes, now, MAX_CONCURRENT)
    if common:
        limit = PAGE * len(prefixes)  # of objects, because the prefix may have other ones too
        listed = itertools.islice(_list_prefix(cloudflare, manifest.storage, common), limit + 1)
        found, count = _read_days(reader, listed, names)
        if count <= limit:
            return found
    found = {}
    for start in range(0, len(prefixes), MAX_CONCURRENT):
        some = [_list_prefix(cloudflare, manifest.storage, prefix) for prefix in prefixes[start:][:MAX_CONCURRENT]]
        waiting = [
            run_in_background(partial(_read_days, reader, listed, names), number)
            for number, listed in enumerate(some, start=1)
        ]
        for wait in waiting:
            found.update(wait()[0])
    return found


def _list_prefix(cloudflare: CloudflareClient, storage: Storage, prefix: str) -> Iterator[StoredObject]:
    return cloudflare.list_objects(storage.bucket, prefix=prefix, jurisdiction=storage.jurisdiction)


def _read_days(
    reader: KeyReader, listed: Iterator[StoredObject], names: dict[Names, Names]
) -> tuple[dict[SiteDay, StoredObject], int]:
    """Return the days of a list, and the number of its objects."""
    found: dict[SiteDay, StoredObject] = {}
    count = 0
    for item in listed:
        count += 1
        place = reader.read(item.key)
        if place is not None:
            found[place] = StoredObject(
                key=item.key,
                size=item.size,
                metadata=pack_metadata(item.metadata, names),
                content_encoding=item.content_encoding,
                uploaded=item.uploaded,
            )
    return found, count


def group_by_site(manifest: Manifest, stored: StoredDays) -> dict[str, dict[date, StoredObject]]:
    """Return the stored days of each declared site, none for a site without one."""
    found: dict[str, dict[date, StoredObject]] = {site.name: {} for site in manifest.sites}
    for (site, day), item in stored.items():
        found[site][day] = item
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
