"""A stored day equals an independent read of ACE, row for row."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from checks.check import Check, Context, KnownCause
from checks.diagnosis.stored_objects.damage import explain_damage
from checks.diagnosis.stored_objects.day_comparison import DayComparison, compare_day
from checks.diagnosis.stored_objects.decoding import describe_lack_of_time
from checks.diagnosis.stored_objects.differences import describe_differences
from checks.diagnosis.stored_objects.shared_list import find_rewritten, list_stored_days
from checks.model.credentials import Credential
from checks.model.finding import Cause, Evidence, Failed, Finding, Inconclusive
from checks.model.hint import Hint
from checks.stored_days.gzip_reader import BrokenDayError, DayTooLargeError
from checks.stored_days.judgement import (
    describe_nothing_stored,
    describe_object,
    describe_too_large,
    find_damage_cause,
    is_empty,
)
from checks.stored_days.selection import select_sample
from contract.schedule import SiteDay

if TYPE_CHECKING:
    from cloudflare_client.answers import StoredObject

DAYS = 4  # that a run compares. Each is a read of ACE
MIN_LEFT = 0.6  # of the deadline, for one more day
RESERVED_SHARE = 0.25  # of the deadline, to find the cause of a difference
RESERVED_SHARE_THOROUGH = 0.05
READ_AGAIN = "python -m backfill replace --site SITE --day DAY --dry-run --stack NAME"  # it shows the change


def proof(context: Context) -> Iterator[Evidence | Finding]:
    """Compare some stored days (all of them when thorough) with ACE. Stop at the first day that differs."""
    stored = list_stored_days(context)
    filled = [place for place, item in stored.items() if not is_empty(item)]
    if not filled:
        raise Inconclusive(_describe_no_samples(context, len(stored)))
    sites = [site.name for site in context.manifest.sites]
    sample = select_sample(sites, filled, context.now, size=DAYS)
    chosen = sorted(stored) if context.thorough else list(sample.places)
    rows = done = 0
    for place in chosen:
        result = _compare_day(context, place, stored[place])
        if not result.compared.equal:
            yield from describe_differences(context, stored, result)
            return
        if not result.whole:
            if context.thorough or not done:
                yield _describe_window(context, result, done, len(chosen))
            break
        rows, done = rows + result.compared.rows, done + 1
        context.report_progress("proof", done, len(chosen))
        if not context.thorough and context.deadline.left() < MIN_LEFT * context.deadline.seconds:
            break
    if done:
        days = f"{chosen[0]}" if done == 1 else f"{done:,} days"
        yield Evidence(f"{days}: all {rows:,} samples equal ACE's, row for row")
        if not context.thorough:
            yield Evidence(f"compared {sample.describe(done)}")


def _compare_day(context: Context, place: SiteDay, item: StoredObject) -> DayComparison:
    share = RESERVED_SHARE_THOROUGH if context.thorough else RESERVED_SHARE
    try:
        return compare_day(context, place, item, reserve=share * context.deadline.seconds)
    except BrokenDayError as error:
        newer = find_rewritten(context, item)
        if newer is not None:  # it is compared as it is now
            return _compare_day(context, place, newer)
        storage, cause = context.manifest.storage, find_damage_cause(item)
        finding = describe_object(storage, item, error.expected, error.found, cause=cause)
        raise Failed(explain_damage(context, finding, item, place)) from None
    except DayTooLargeError as error:
        raise Inconclusive(describe_too_large(item.key, error, "proof")) from None


def _describe_window(context: Context, result: DayComparison, done: int, total: int) -> Evidence:
    """Return the evidence of a part of a day. Raises Inconclusive for an empty part, and for a thorough run."""
    if context.thorough:
        raise Inconclusive(describe_lack_of_time(context, "proof", done, total))
    rows, samples = result.compared.rows, result.item.metadata.get("samples", "")
    samples = f"{int(samples):,}" if samples.isdecimal() else samples
    if not rows:
        found = f"no sample of {samples} was compared: ACE is slow, or has no sample in this window"
        hint = Hint.rerun_within("proof", 2 * context.deadline.seconds)
        raise Inconclusive(
            Finding(subject=result.window, expected="samples to compare", found=found, cause=Cause.ACE, hint=hint)
        )
    return Evidence(
        f"{result.window}: all {rows:,} samples equal ACE's, row for row "
        f"(a window of another time each day, of {samples} samples, because the whole day does not fit the deadline)"
    )


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
    proves="a sample of stored days that rotates (or all days) equals an independent read of ACE, row for row",
    runbook="step 7",
    step=7,
    causes=(
        KnownCause(
            what="ACE no longer has these rows, and R2 holds the only copy (ace)",
            fix="keep the object. Ask ACE how long it keeps rows",
        ),
        KnownCause(
            what="ACE has late rows, or corrected values, since the day was stored (ace)",
            fix=f"{READ_AGAIN} shows the change. The same command without --dry-run keeps each row that only R2 has",
        ),
        KnownCause(
            what="the worker lost rows, or converted values wrongly (worker)",
            fix=f"correct the code and run pulumi up first, because the same code writes the same. Then {READ_AGAIN}",
        ),
        KnownCause(
            what="a version that is not of this stack wrote the object (outside_change)",
            fix="look at that version: npx wrangler versions list --name WORKER. Keep the object",
        ),
        KnownCause(
            what="the object was changed after it was written, so that its metadata is wrong (storage)",
            fix="keep the object, and look for the program that changed it",
        ),
    ),
    needs=("token", "r2"),
    wants=(Credential.CLOUDFLARE, Credential.ACE),
    tags=frozenset({"read-only", "api", "data", "upstream"}),
)
