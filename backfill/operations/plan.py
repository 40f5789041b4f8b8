"""Plans the rest of a backfill: the days to copy, their requests, time, size and cost. It reads only."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from backfill.estimate import CRON_SECONDS, PAGE_SECONDS, Month, Work, add_seconds
from backfill.operations.measure import MeasuredPage, choose_days, measure_pages
from backfill.picture.model import Picture
from backfill.picture.site import Site
from contract.control_objects import Pause
from contract.cron.times import find_period

if TYPE_CHECKING:
    from backfill.session import Session

PARALLELISM = 1  # of a worker without a queue: its cron copies one day after the other


@dataclass(frozen=True, slots=True, kw_only=True)
class SitePlan:
    """The work of one site. ``samples`` is the mean of a day, None where nothing says it: then ``work`` has 0."""

    name: str
    due: int
    missing: int
    failed: int
    samples: float | None
    work: Work

    @property
    def bytes(self) -> float | None:
        """Return the size of the objects that are added, None where it is not known."""
        return None if self.samples is None and self.work.days else self.work.bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The work of all sites. ``pages`` are measured, and the time of a page is assumed without one.

    ``month`` is None where the samples of a day are not known. ``is_live`` says that a version of the
    worker is live, and ``has_cron`` that a declared cron fires.
    """

    stack: str
    at: datetime
    parallelism: int
    page_size: int
    page_seconds: float
    pages: tuple[MeasuredPage, ...]
    sites: tuple[SitePlan, ...]
    month: Month | None
    pause: Pause | None
    is_live: bool
    has_cron: bool

    @property
    def requests(self) -> int:
        """Return the least number of requests to ACE."""
        return sum(site.work.requests for site in self.sites)

    @property
    def seconds(self) -> float:
        """Return the time of the whole backfill."""
        return add_seconds([site.work for site in self.sites])

    @property
    def bytes(self) -> float | None:
        """Return the size of the objects that are added, None where it is not known."""
        sizes = [site.bytes for site in self.sites]
        return None if None in sizes else sum(size for size in sizes if size is not None)


def make_plan(session: Session, picture: Picture, *, measure: bool) -> Plan:
    """Return the plan of the sites of a picture. With ``measure`` three pages of ACE are read, if it is allowed.

    Raises Stop where ACE does not serve a page.
    """
    manifest = session.manifest
    period = find_period(manifest.schedules, picture.at)
    cron_seconds = CRON_SECONDS if period is None else period.total_seconds()
    parallelism = PARALLELISM if manifest.queue is None else manifest.queue.parallelism
    pages = measure_pages(session, choose_days(picture.sites)) if measure else ()
    page_seconds = statistics.fmean(page.seconds for page in pages) if pages else PAGE_SECONDS
    samples = {site.name: _find_samples(site, pages) for site in picture.sites}
    known = [number for number in samples.values() if number is not None]
    usual = statistics.fmean(known) if known else None
    sites = []
    for site in picture.sites:
        own = samples[site.name]
        expected = usual if own is None else own
        work = Work(
            days=site.missing,
            samples=0.0 if expected is None else expected,
            page_size=manifest.ace.page_size,
            parallelism=parallelism,
            page_seconds=page_seconds,
            cron_seconds=cron_seconds,
        )
        sites.append(
            SitePlan(
                name=site.name, due=site.due, missing=site.missing, failed=site.failed, samples=expected, work=work
            )
        )
    month = None
    if usual is not None:
        month = Month(
            sites=len(sites),
            days=picture.due,
            stored_bytes=_add_sizes(picture.sites) + sum(site.work.bytes for site in sites),
            samples=usual,
            cron_seconds=cron_seconds,
            rechecks=manifest.ace.recheck_days > 0,
        )
    return Plan(
        stack=session.stack,
        at=picture.at,
        parallelism=parallelism,
        page_size=manifest.ace.page_size,
        page_seconds=page_seconds,
        pages=pages,
        sites=tuple(sites),
        month=month,
        pause=picture.pause,
        is_live=any(version.is_live for version in picture.versions),
        has_cron=period is not None,
    )


def _find_samples(site: Site, pages: Sequence[MeasuredPage]) -> float | None:
    """Return the mean of a site's days: of its stored ones, else of its measured ones, else None."""
    stored = [day.samples for day in site.days if day.is_stored and day.samples is not None]
    measured = [page.samples for page in pages if page.site == site.name]
    found = stored or measured
    return statistics.fmean(found) if found else None


def _add_sizes(sites: Sequence[Site]) -> float:
    return float(sum(day.size for site in sites for day in site.days if day.size is not None))
