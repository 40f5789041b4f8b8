"""Judges stored days: functions that take data and yield findings."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import TYPE_CHECKING

from checks.model.finding import Cause, Failed, Finding, Inconclusive
from checks.model.hint import Hint
from checks.stored_days.content.object_size import find_size_problem
from checks.stored_days.gzip_reader import BrokenDayError, DayTooLargeError
from checks.stored_days.stored_day import Day, compare_with_metadata, decode_day
from contract.manifest import Manifest, Storage
from contract.schedule import SiteDay

if TYPE_CHECKING:
    from checks.clients.worker.progress import Progress
    from checks.stored_days.listing.days import StoredDays
    from cloudflare_client.answers import StoredObject
    from contract.manifest.sites import DeclaredSite

METADATA = {"samples", "points", "sha256", "source", "worker_version"}
FORMAT_METADATA = {"members", "bytes", "revision"}  # of a day in format 2
RANGE_METADATA = {"first", "last"}  # of a day that has samples
REPORTED = ", as the worker reports"
EXTRA_DAYS = 1  # beyond the declared ones, so that a worker which reports too many days is found


def is_empty(item: StoredObject) -> bool:
    """Return whether a day is stored as empty."""
    return item.metadata.get("samples") == "0"


def describe_object(
    storage: Storage, item: StoredObject, expected: str, found: str, *, subject: str | None = None, cause: Cause
) -> Finding:
    """Return the finding for an object that is not as it should be. The next command keeps a copy of it."""
    hint = Hint.keep_copy(storage.bucket, item.key, jurisdiction=storage.jurisdiction)
    subject = item.key if subject is None else subject
    return Finding(subject=subject, expected=expected, found=found, cause=cause, hint=hint)


def find_damage_cause(item: StoredObject) -> Cause:
    """Return the cause of a damaged object.

    The worker writes metadata, and R2 stores an object whole. So an object without metadata, or with another size, was
    changed by something else.
    """
    return Cause.WORKER if item.metadata and find_size_problem(item) is None else Cause.STORAGE


def judge_early_days(
    storage: Storage, stored: StoredDays, latest: Mapping[str, date]
) -> Iterator[tuple[SiteDay, Finding]]:
    """Yield a finding for each stored day after the ``latest`` of its site: it is not over, so it is not complete."""
    for day in sorted(day for day in stored if day.day > latest[day.site]):
        expected, found = "no object before the end of the day (UTC)", "an object with a part of the day"
        yield day, describe_object(storage, stored[day], expected, found, cause=Cause.WORKER)


def judge_sizes(storage: Storage, stored: StoredDays) -> Iterator[tuple[SiteDay, Finding]]:
    """Yield a finding for each object with a size that its metadata contradict."""
    for day, item in sorted(stored.items()):
        problem = find_size_problem(item)
        if problem is not None:
            yield day, describe_object(storage, item, *problem, cause=Cause.STORAGE)


def judge_missing_days(
    manifest: Manifest, progress: Progress, stored: StoredDays, latest: Mapping[str, date]
) -> Iterator[Finding]:
    """Yield one finding if the worker reports days as complete that are not stored."""
    missing = find_missing_days(manifest, progress, stored, latest)
    if not missing:
        return
    more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
    storage, sites = manifest.storage, manifest.sites
    declared = f"from {sites[0].start_date}" if len(sites) == 1 else f"of {len(sites)} sites"
    yield Finding(
        subject=f"objects of bucket {storage.bucket}",
        expected=f"{progress.days_complete} days {declared}{REPORTED}",
        found=f"{len(stored)}; absent: {storage.key(missing[0].site, missing[0].day.isoformat())}{more}",
        cause=Cause.WORKER,
        hint=Hint.show_logs(),
    )


def find_missing_days(
    manifest: Manifest, progress: Progress, stored: StoredDays, latest: Mapping[str, date]
) -> list[SiteDay]:
    """Return the days that the worker reports as complete and that are not stored.

    As many days must be stored as the worker counts, and of a single site all days before the worker's current one. A
    gap that the worker knows and will fill is not a finding. ``latest`` has the last declared day of each site.
    """
    counted = progress.days_complete if len(stored) < progress.days_complete else 0
    if len(manifest.sites) > 1:
        absent = (day for site in manifest.sites for day in _list_declared(site, latest) if day not in stored)
        return list(itertools.islice(absent, max(0, counted - len(stored))))
    [site] = manifest.sites
    first, declared = date.fromisoformat(site.start_date), sum(1 for _ in _list_declared(site, latest))
    passed = (progress.current_date - first).days if progress.current_date is not None else 0
    claimed = min(max(min(passed, progress.days_complete), counted), declared + EXTRA_DAYS)
    days = (SiteDay(site.name, first + timedelta(days=number)) for number in range(claimed))
    return [day for day in days if day not in stored]


def _list_declared(site: DeclaredSite, latest: Mapping[str, date]) -> Iterator[SiteDay]:
    first = date.fromisoformat(site.start_date)
    for number in range((latest[site.name] - first).days + 1):
        yield SiteDay(site.name, first + timedelta(days=number))


def judge_metadata(storage: Storage, stored: StoredDays) -> Iterator[tuple[SiteDay, Finding]]:
    """Yield a finding for the first object that is empty, or lacks metadata of a complete day."""
    for day, item in sorted(stored.items()):
        missing = sorted(_list_expected_metadata(item) - item.metadata.keys())
        if item.size == 0 or missing:
            found = f"metadata without {', '.join(missing)}" if missing else "0 bytes"
            found = found if item.metadata else "no metadata, so another program wrote it"
            expected = "a complete day with its metadata"
            yield day, describe_object(storage, item, expected, found, cause=find_damage_cause(item))
            return


def _list_expected_metadata(item: StoredObject) -> set[str]:
    expected = METADATA if is_empty(item) else METADATA | RANGE_METADATA
    return expected | FORMAT_METADATA if "format" in item.metadata else expected


def judge_encoding(stored: StoredDays) -> Iterator[Finding]:
    """Yield one finding if objects declare a Content-Encoding, which makes some readers decompress twice."""
    encoded = [item for _, item in sorted(stored.items()) if item.content_encoding]
    if encoded:
        yield Finding(
            subject=encoded[0].key + (f" and {len(encoded) - 1} more" if len(encoded) > 1 else ""),
            expected="no Content-Encoding",
            found=f"{encoded[0].content_encoding}, which makes some readers decompress twice",
            cause=Cause.WORKER,
            hint=Hint.show_logs(),
        )


def decode_and_judge(storage: Storage, item: StoredObject, raw: bytes, day: date, *, site: str = "", check: str) -> Day:
    """Return the decoded day, if it agrees with its metadata.

    Raises Failed for a damaged day, Inconclusive for one beyond this checker's limits.
    """
    try:
        found = decode_day(raw, item.metadata, day=day, site=site)
        compare_with_metadata(found, item.metadata)
    except BrokenDayError as error:
        cause = find_damage_cause(item)
        raise Failed(describe_object(storage, item, error.expected, error.found, cause=cause)) from None
    except DayTooLargeError as error:
        raise Inconclusive(describe_too_large(item.key, error, check)) from None
    return found


def describe_too_large(key: str, error: DayTooLargeError, check: str) -> Finding:
    """Return the finding for a day beyond this checker's own limits."""
    return Finding(
        subject=key,
        expected="a day within the limits of this checker",
        found=str(error),
        cause=Cause.CHECKER,
        hint=Hint.rerun(check),
    )


def describe_nothing_stored(manifest: Manifest, *, expected: str, found: str, cause: Cause, hint: Hint) -> Finding:
    """Return the finding for a bucket without a day to judge."""
    sites = manifest.sites
    place = f"under {manifest.prefix(sites[0].name)}" if len(sites) == 1 else f"of {len(sites)} sites"
    subject = f"objects {place}"
    return Finding(subject=subject, expected=expected, found=found, cause=cause, hint=hint)
