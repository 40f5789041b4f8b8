"""Reads the days that could not be copied, and describes them. Source: docs/reference/control-objects.md."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from checks.clients.cloudflare.errors import CloudflareInconclusive
from checks.diagnosis.error_codes import find_code_cause
from checks.model.finding import Cause, Failed, Finding, count
from checks.model.hint import Hint
from checks.stored_days.backlog import format_days
from checks.stored_days.listing.days import describe_missing_bucket
from cloudflare_client.errors import NO_BUCKET
from contract.control_objects import FAILURES_PREFIX, ControlObjectError, Failure, parse_failure
from contract.schedule import format_time

if TYPE_CHECKING:
    from checks.check import Context

MAX_FINDINGS = 5  # sites and codes that are described one by one, the worst first
MAX_RETRIED = 5  # days that one command names


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedDays:
    """The failures of declared sites. ``unreadable`` has the key and the problem of each object of another form.

    ``others`` counts the failures of sites that are not declared.
    """

    failures: Sequence[Failure]
    unreadable: Sequence[tuple[str, str]]
    others: int


def list_failed_days(context: Context, sites: Collection[str]) -> FailedDays:
    """Return the failures of the bucket. A list with its metadata is enough, so no object is read.

    Raises Failed where the bucket does not exist, Inconclusive where the list cannot be read.
    """
    storage = context.manifest.storage
    failures: list[Failure] = []
    unreadable: list[tuple[str, str]] = []
    try:
        listed = list(
            context.cloudflare.list_objects(storage.bucket, prefix=FAILURES_PREFIX, jurisdiction=storage.jurisdiction)
        )
    except CloudflareInconclusive as error:
        if NO_BUCKET not in error.codes:
            raise
        raise Failed(describe_missing_bucket(storage)) from None
    for item in listed:
        try:
            failures.append(parse_failure(item.key, item.metadata))
        except ControlObjectError as error:
            unreadable.append((item.key, str(error)))
    declared = [failure for failure in failures if failure.site in sites]
    return FailedDays(failures=declared, unreadable=unreadable, others=len(failures) - len(declared))


def describe_failed_days(failures: Sequence[Failure]) -> Iterator[Finding]:
    """Yield a finding for each site and code, the one with the most days first, and one for those that are left."""

    def get_group(failure: Failure) -> tuple[str, str]:
        return failure.site, failure.code

    groups = [list(group) for _, group in itertools.groupby(sorted(failures, key=get_group), get_group)]
    groups.sort(key=lambda group: (-len(group), min(failure.first_at for failure in group)))
    yield from map(_describe_group, groups[:MAX_FINDINGS])
    left = groups[MAX_FINDINGS:]
    if left:
        sites = {group[0].site for group in left}
        codes = ", ".join(sorted({group[0].code for group in left}))
        found = f"{count(sum(map(len, left)), 'more day')} of {count(len(sites), 'site')} failed ({codes})"
        hint = Hint.rerun_verbosely("failures")
        yield _describe(f"failed days of {count(len(sites), 'site')}", found, find_code_cause(left[0][0].code)[0], hint)


def describe_cured_days(failures: Sequence[Failure]) -> Iterator[Finding]:
    """Yield one finding for the failures of days that were stored since."""
    if failures:
        first, left = failures[0], len(failures) - 1
        more = f" and {left:,} more" if left else ""
        yield Finding(
            subject="failures of stored days",
            expected="none, because the worker deletes the failure of a day that it stores",
            found=f"{first.site} {first.day}{more}: stored since its last failure, which is not deleted",
            cause=Cause.WORKER,
            hint=Hint.show_logs(),
        )


def _describe_group(group: Sequence[Failure]) -> Finding:
    """Return the finding for the days of one site with one code. The last attempt is described."""
    site, code = group[0].site, group[0].code
    last = max(group, key=lambda failure: failure.last_at)
    days = sorted(failure.day for failure in group)
    since = format_time(min(failure.first_at for failure in group))
    attempts = max(failure.attempts for failure in group)
    number = count(len(group), "day")
    found = (
        f"{number} failed with {code} ({format_days(days)}) since {since}, in {count(attempts, 'attempt')}, "
        f"the last one at {format_time(last.last_at)}. "
        f"The next attempt is due at {format_time(min(failure.next_at for failure in group))}"
    )
    cause, fix = find_code_cause(code)
    retry = Hint.retry_days(site, [str(day) for day in days]) if len(days) <= MAX_RETRIED else Hint.retry_days(site, [])
    return _describe(f"failed days of {site}", found, cause, retry if fix is None else fix.then(retry))


def _describe(subject: str, found: str, cause: Cause, hint: Hint) -> Finding:
    return Finding(subject=subject, expected="every due day is copied", found=found, cause=cause, hint=hint)
