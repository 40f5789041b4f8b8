"""Lists the objects of sites and the failures, some sites at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date
from functools import partial
from typing import TYPE_CHECKING

from checks.clients.cloudflare.errors import CloudflareInconclusive
from checks.model.background import run_in_background
from checks.model.finding import Failed
from checks.stored_days.listing.days import describe_missing_bucket
from cloudflare_client.errors import NO_BUCKET
from contract.control_objects import FAILURES_PREFIX, ControlObjectError, Failure, parse_failure
from contract.manifest import key_prefix
from contract.schedule import parse_day

if TYPE_CHECKING:
    from backfill.session import Session
    from cloudflare_client.answers import StoredObject
    from contract.manifest.sites import DeclaredSite

MAX_CONCURRENT = 4  # sites

StoredDays = dict[date, "StoredObject"]


def list_sites(
    session: Session, sites: Sequence[DeclaredSite], *, may_be_new: bool = False
) -> Iterator[tuple[DeclaredSite, StoredDays]]:
    """Yield each site with its stored days. Raises Stop where the bucket cannot be listed.

    With ``may_be_new`` a bucket that does not exist has no object. This holds for each function of this module.
    """
    for start in range(0, len(sites), MAX_CONCURRENT):
        some = sites[start : start + MAX_CONCURRENT]
        waiting = [
            run_in_background(partial(list_site, session, site.name, may_be_new=may_be_new), number)
            for number, site in enumerate(some, 1)
        ]
        for site, stored in zip(some, waiting, strict=True):
            yield site, stored()


def list_site(session: Session, site: str, *, may_be_new: bool = False) -> StoredDays:
    """Return the stored days of a site. Other objects below its prefix are left out."""
    storage, found = session.manifest.storage, {}
    prefix = key_prefix(storage.key_template, site)
    for item in _list_objects(session, prefix, may_be_new=may_be_new):
        text = item.key[len(prefix) :][:10]
        day = parse_day(text)
        if day is not None and item.key == storage.key(site, text):
            found[day] = item
    return found


def list_failures(
    session: Session, note: Callable[[str], None] = lambda _text: None, *, may_be_new: bool = False
) -> list[Failure]:
    """Return the failures of all sites. ``note`` gets a line about each object that is not one."""
    found: list[Failure] = []
    for item in _list_objects(session, FAILURES_PREFIX, may_be_new=may_be_new):
        try:
            found.append(parse_failure(item.key, item.metadata))
        except ControlObjectError as error:
            note(f"the failure {item.key}: {error}")
    return found


def _list_objects(session: Session, prefix: str, *, may_be_new: bool) -> Iterator[StoredObject]:
    storage = session.manifest.storage
    try:
        yield from session.cloudflare.list_objects(storage.bucket, prefix=prefix, jurisdiction=storage.jurisdiction)
    except CloudflareInconclusive as error:
        if NO_BUCKET not in error.codes:
            raise
        if not may_be_new:
            raise Failed(describe_missing_bucket(storage)) from None
