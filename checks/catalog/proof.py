"""A stored day equals an independent read of the same window from ACE, row for row."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import date
from typing import TYPE_CHECKING

from checks.check import Check, Context, KnownCause
from checks.model.background import run_in_background
from checks.model.credentials import Credential
from checks.model.finding import Cause, Evidence, Failed, Finding, Inconclusive
from checks.model.hint import Hint
from checks.stored_days.gzip_reader import BrokenDayError, DayTooLargeError
from checks.stored_days.judgement import describe_nothing_stored, describe_rewrite, describe_too_large, is_empty
from checks.stored_days.listing import fetch_object, list_days
from checks.stored_days.row_comparison import Comparison, Difference, compare_rows, format_value
from checks.stored_days.selection import select_days, select_one_day
from checks.stored_days.stored_day import compare_with_metadata, decode_day, format_moment, read_samples
from contract.schedule import day_window

if TYPE_CHECKING:
    from checks.clients.ace.pages import Row
    from cloudflare_client.answers import StoredObject

REWRITE = "npx wrangler r2 object delete BUCKET/KEY --remote, then python -m checks run trigger proof --stack NAME"


def proof(context: Context) -> Iterator[Evidence | Finding]:
    """Compare one stored day (all of them when thorough) with ACE. Stop at the first day that differs."""
    stored = list_days(context.cloudflare, context.manifest)
    filled = [day for day, item in sorted(stored.items()) if not is_empty(item)]
    if not filled:
        raise Inconclusive(_describe_no_samples(context, len(stored)))
    sample = select_days(filled, context.now, thorough=False)
    chosen = sorted(stored) if context.thorough else [select_one_day(sample, context.now)]
    rows = 0
    for day in chosen:
        compared, raw = _compare_day(context, day, stored[day])
        if not compared.equal:
            yield from _describe_differences(context, day, stored[day], raw, compared)
            return
        rows += compared.rows
    days = f"{chosen[0]}" if len(chosen) == 1 else f"{len(chosen)} days"
    yield Evidence(f"{days}: all {rows:,} samples equal ACE's, row for row")


def _compare_day(context: Context, day: date, item: StoredObject) -> tuple[Comparison, bytes]:
    """Return the comparison of a day with ACE, and the stored object."""
    rows = _read_rows(context, day)
    raw = fetch_object(context.cloudflare, context.manifest.storage, item)
    try:
        return compare_rows(rows, read_samples(raw, day=day)), raw
    except BrokenDayError as error:
        raise Failed(_describe(context, item, item.key, error.expected, error.found, Cause.WORKER)) from None
    except DayTooLargeError as error:
        raise Inconclusive(describe_too_large(item.key, error, "proof")) from None


def _read_rows(context: Context, day: date) -> Iterator[Row]:
    """Yield ACE's rows of a day. The first page is requested at once, in the background."""
    start, end = day_window(day)
    rows = context.ace.fetch_rows(start, end, size=context.manifest.ace.page_size)
    first = run_in_background(lambda: list(itertools.islice(rows, 1)))
    return itertools.chain.from_iterable(part() for part in (first, lambda: rows))  # each is read when it is needed


def _describe_differences(
    context: Context, day: date, item: StoredObject, raw: bytes, compared: Comparison
) -> Iterator[Finding]:
    """Yield the first differences and their cause. Whether the object agrees with its metadata tells a part of it."""
    note, cause = _find_cause(day, item, raw, compared)
    for number, difference in enumerate(compared.first):
        expected, found = _format_difference(difference)
        total = f" ({compared.shown}, of {compared.rows:,}; {note})" if number == 0 else ""
        subject = f"{day}: {difference.point} at {format_moment(difference.timestamp)}"
        yield _describe(context, item, subject, expected, f"{found}{total}", cause)


def _find_cause(day: date, item: StoredObject, raw: bytes, compared: Comparison) -> tuple[str, Cause]:
    try:
        compare_with_metadata(decode_day(raw, day=day), item.metadata)
    except BrokenDayError as error:
        return f"the object was changed after it was written: {error}", Cause.STORAGE
    if compared.later:
        return (
            "the object has none of these points, so ACE received them later, or the worker did not read them",
            Cause.ACE,
        )
    return "the object is unchanged, so the worker read or converted it wrongly", Cause.WORKER


def _format_difference(difference: Difference) -> tuple[str, str]:
    """Return the expected and the found value of one row as text."""
    ace, stored = difference.ace, difference.stored
    return (
        "no such row in ACE" if ace is None else f"{format_value(ace)}, in ACE",
        "absent" if stored is None else format_value(stored),
    )


def _describe(context: Context, item: StoredObject, subject: str, expected: str, found: str, cause: Cause) -> Finding:
    bucket = context.manifest.storage.bucket
    return describe_rewrite(bucket, item, expected, found, subject=subject, cause=cause, check="proof")


def _describe_no_samples(context: Context, count: int) -> Finding:
    return describe_nothing_stored(
        context.manifest,
        expected="at least one stored day with samples",
        found=f"only empty days are stored ({count})" if count else "no day is stored",
        cause=Cause.PROPAGATION,
        hint=Hint.rerun("trigger", "proof"),
    )


CHECK = Check(
    run=proof,
    proves="a stored day, another one each day (or all), equals an independent read of ACE, row for row",
    runbook="step 7",
    step=7,
    causes=(
        KnownCause(what="the worker lost rows, or converted values wrongly", fix=REWRITE),
        KnownCause(
            what="ACE has changed since the day was stored, so that the day is equal after it is written again",
            fix=REWRITE,
        ),
        KnownCause(what="the object was changed outside the worker, so that its metadata is wrong too", fix=REWRITE),
    ),
    needs=("token", "r2"),
    wants=(Credential.CLOUDFLARE, Credential.ACE),
    tags=frozenset({"read-only", "api", "data", "upstream"}),
)
