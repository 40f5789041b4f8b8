"""A stored day equals an independent read of the same window from ACE, row for row."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import date
from typing import TYPE_CHECKING

from checks.check import Check, Context, KnownCause
from checks.model.background import run_in_background
from checks.model.credentials import Credential
from checks.model.finding import Cause, Evidence, Finding, Inconclusive
from checks.stored_days import days, objects, row_comparison, stored_day
from checks.stored_days.gzip_reader import BrokenDayError
from checks.stored_days.row_comparison import Comparison, Difference

if TYPE_CHECKING:
    from checks.clients.ace.answers import Row
    from cloudflare_client.answers import StoredObject

REWRITE = "npx wrangler r2 object delete BUCKET/KEY --remote, then python -m checks run trigger proof --stack NAME"


def proof(context: Context) -> Iterator[Evidence | Finding]:
    """Read one stored day (all of them when thorough) again from ACE, and compare; stop at the first that differs."""
    stored = objects.stored(context)
    if isinstance(stored, Finding):
        yield stored
        return
    filled = [day for day, item in sorted(stored.items()) if item.metadata.get("samples") != "0"]
    if not filled:
        raise Inconclusive(_nothing(context, len(stored)))
    chosen = sorted(stored) if context.thorough else [days.one(days.sample(filled, context.now), context.now)]
    rows = 0
    for day in chosen:
        theirs, raw = _rows(context, day), objects.fetch(context, stored[day])
        if isinstance(raw, Finding):
            yield raw
            return
        try:
            with objects.judging(context, stored[day].key, "proof"):
                compared = row_comparison.compare(theirs, stored_day.samples(raw, day=day))
                if not compared.equal:
                    yield from _said(context, day, stored[day], raw, compared)
                    return
        except BrokenDayError as error:
            yield _finding(context, stored[day].key, stored[day].key, error.expected, error.found, Cause.WORKER)
            return
        rows += compared.rows
    what = f"{chosen[0]}" if len(chosen) == 1 else f"{len(chosen)} days"
    yield Evidence(f"{what}: all {rows:,} samples are ACE's, row for row")


def _rows(context: Context, day: date) -> Iterator[Row]:
    """Return ACE's rows of a day; the first page of them is asked for at once, aside."""
    start, end = stored_day.window(day)
    rows = context.ace.rows(start, end, size=context.manifest.ace.page_size)
    first = run_in_background(lambda: list(itertools.islice(rows, 1)))
    return itertools.chain.from_iterable(part() for part in (first, lambda: rows))  # neither before it is wanted


def _said(
    context: Context, day: date, item: StoredObject, raw: bytes, compared: Comparison
) -> Iterator[Evidence | Finding]:
    """Yield the first differences, and whose they are: whether the object is as it was written tells the first part."""
    note, cause = "the object is as it was written, so it was read or converted wrongly", Cause.WORKER
    if compared.later:
        note, cause = "the object knows none of these points: ACE got them since, or they were not read", Cause.ACE
    try:
        stored_day.compare(stored_day.read(raw, day=day), item.metadata)
    except BrokenDayError as error:
        note, cause = f"the object was changed since it was written ({error})", Cause.STORAGE
    for number, difference in enumerate(compared.first):
        expected, actual = _both(difference)
        total = f" ({compared.shown}, of {compared.rows:,}; {note})" if number == 0 else ""
        moment = stored_day.shown(difference.timestamp)
        subject = f"{day}: {difference.point} at {moment}"
        yield _finding(context, item.key, subject, expected, f"{actual}{total}", cause)


def _both(difference: Difference) -> tuple[str, str]:
    ace, stored = difference.ace, difference.stored
    return (
        "no such row at ACE" if ace is None else f"{row_comparison.text(ace)}, as ACE has it",
        "absent" if stored is None else row_comparison.text(stored),
    )


def _finding(context: Context, key: str, subject: str, expected: str, actual: str, cause: Cause) -> Finding:
    return objects.rewrite(context, subject, expected, actual, key=key, cause=cause, again="proof")


def _nothing(context: Context, count: int) -> Finding:
    return Finding(
        subject=f"objects under {context.manifest.storage.prefix}",
        expected="at least one stored day with samples, to compare",
        found=f"{count} days are stored, each as empty" if count else "nothing is stored",
        cause=Cause.PROPAGATION,
        hint=context.again("trigger", "proof"),
    )


CHECK = Check(
    run=proof,
    proves="a stored day, another one each day (or all), equals an independent read of the same window from ACE",
    runbook="step 7",
    step=7,
    causes=(
        KnownCause(
            what="the worker lost rows, or converted values wrongly",
            fix=REWRITE,
        ),
        KnownCause(
            what="ACE changed since the day was stored: once written again, the day is equal; if it is not, see above",
            fix=REWRITE,
        ),
        KnownCause(what="somebody changed the object by hand: its metadata is not true either", fix=REWRITE),
    ),
    needs=("token", "r2"),
    wants=(Credential.CLOUDFLARE, Credential.ACE),
    tags=frozenset({"read-only", "api", "data", "upstream"}),
)
