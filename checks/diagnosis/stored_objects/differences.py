"""Finds the cause of the differences between a stored day and ACE, and describes each kind of them."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from checks.check import Context
from checks.diagnosis.stored_objects.day_comparison import DayComparison, compare_day
from checks.diagnosis.stored_objects.writer import find_writer
from checks.model.finding import Cause, Finding, Stop
from checks.model.hint import Hint
from checks.stored_days.comparison.difference_pattern import Pattern, find_pattern, is_certain, is_frequent
from checks.stored_days.comparison.row_comparison import MAX_DIFFERENCES, Difference, Kind
from checks.stored_days.content.values import Absent, format_value
from checks.stored_days.gzip_reader import BrokenDayError, DayTooLargeError
from checks.stored_days.judgement import is_empty
from checks.stored_days.listing.days import StoredDays
from checks.stored_days.stored_day import compare_with_metadata, decode_day, format_moment
from checks.stored_days.writer import Writer, WriterKind
from contract.schedule import SiteDay, format_time

if TYPE_CHECKING:
    from cloudflare_client.answers import StoredObject

OTHER_DAYS = 2  # of the same version, that are compared as well
RESERVED_SHARE = 0.1  # of the deadline, after the comparison of another day
FIRST = "correct the code first, because the same code would write the same"
KEPT = "ACE no longer has these rows, and R2 holds the only copy: keep the object"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The cause of one kind of differences, the reason for a message, and the next command."""

    cause: Cause
    reason: str
    hint: Hint


def describe_differences(context: Context, stored: StoredDays, result: DayComparison) -> Iterator[Finding]:
    """Yield the first differences of each kind with their cause. The first one of a kind has the counts."""
    compared = result.compared
    kinds = [kind for kind in Kind if compared.counts[kind]]
    others: list[DayComparison] | None = None
    for kind in kinds:
        verdict = _judge_without_other_days(context, result, kind)
        if verdict is None:
            others = list(_compare_other_days(context, stored, result)) if others is None else others
            verdict = _judge_with_other_days(context, result, kind, others)
        is_repeated = find_pattern(compared, kind) is Pattern.REPEATED
        shown = compared.first[kind][: MAX_DIFFERENCES if len(kinds) == 1 else 1]
        total = f" ({compared.shown}, of {compared.rows:,} of ACE and {compared.stored:,} stored): {verdict.reason}"
        for number, difference in enumerate(shown):
            expected, found = _format_difference(difference, is_repeated=is_repeated)
            yield Finding(
                subject=f"{result.place}: {difference.point} at {format_moment(difference.timestamp)}",
                expected=expected,
                found=found + (total if number == 0 else ""),
                cause=verdict.cause,
                hint=verdict.hint,
            )


def _judge_without_other_days(context: Context, result: DayComparison, kind: Kind) -> Verdict | None:
    """Return the verdict that the object, its writer and the pattern give, None where other days must tell more."""
    item, writer = result.item, find_writer(context, result.item)
    try:
        compare_with_metadata(decode_day(result.raw, item.metadata, day=result.place.day), item.metadata)
    except BrokenDayError as error:
        reason = f"the object was changed after it was written: {error}"
        return Verdict(cause=Cause.STORAGE, reason=reason, hint=_keep_copy(context, result))
    if writer.kind is WriterKind.FOREIGN:
        only = ". R2 may hold the only copy: keep the object" if kind is Kind.EXTRA else ""
        hint = Hint.show_version(writer.version) if writer.listed else Hint.list_versions()
        return Verdict(cause=Cause.OUTSIDE_CHANGE, reason=writer.text + only, hint=hint)
    pattern = find_pattern(result.compared, kind)
    if is_certain(pattern):
        return _name_code(writer, pattern.value)
    if kind is Kind.EXTRA and pattern is Pattern.NONE:
        return _keep_only_copy(context, result)
    return None


def _keep_copy(context: Context, result: DayComparison) -> Hint:
    storage = context.manifest.storage
    return Hint.keep_copy(storage.bucket, result.item.key, jurisdiction=storage.jurisdiction)


def _keep_only_copy(context: Context, result: DayComparison) -> Verdict:
    reason = f"{KEPT} ({find_writer(context, result.item).text})"
    return Verdict(cause=Cause.ACE, reason=reason, hint=_keep_copy(context, result))


def _judge_with_other_days(context: Context, result: DayComparison, kind: Kind, others: list[DayComparison]) -> Verdict:
    """Return the verdict: the same code stores every day alike, and a change at ACE leaves other days as they are."""
    writer, pattern = find_writer(context, result.item), find_pattern(result.compared, kind)
    same = [other for other in others if pattern is not Pattern.NONE and find_pattern(other.compared, kind) is pattern]
    equal = [other for other in others if other.compared.equal]
    if same:
        return _name_code(writer, f"{pattern.value}, and so it is on {_name_days(same)}")
    if not equal and not others and is_frequent(result.compared, pattern):
        return _name_code(writer, pattern.value)
    if kind is Kind.EXTRA:
        return _keep_only_copy(context, result)
    changed = f"ACE has changed since {format_time(result.item.uploaded)}, when the day was stored"
    if kind is Kind.MISSING and not result.compared.lacking & result.compared.known:
        changed += ", and has new points"
    if equal:
        reason = f"{changed}: {_name_days(equal)} of the same version equals ACE ({writer.text})"
        return Verdict(cause=Cause.ACE, reason=reason, hint=Hint.explain("proof"))
    doubt = f"{changed}, or the code reads it wrongly ({writer.text}). A day that is stored later tells"
    return Verdict(cause=Cause.ACE, reason=doubt, hint=Hint.rerun_verbosely("proof"))


def _name_code(writer: Writer, reason: str) -> Verdict:
    again = "" if writer.kind is WriterKind.EARLIER else f": {FIRST}"
    return Verdict(cause=Cause.WORKER, reason=f"{reason} ({writer.text}){again}", hint=Hint.explain("proof"))


def _compare_other_days(context: Context, stored: StoredDays, result: DayComparison) -> Iterator[DayComparison]:
    """Yield the comparison of other days that the same version wrote, as far as the time allows."""
    version = result.item.metadata.get("worker_version")
    places = [
        place
        for place, item in sorted(stored.items())
        if place != result.place and not is_empty(item) and item.metadata.get("worker_version") == version
    ]
    chosen = random.Random(context.now.toordinal()).sample(places, min(OTHER_DAYS, len(places)))  # noqa: S311 - a choice
    reserve = RESERVED_SHARE * context.deadline.seconds
    for place in sorted(chosen):
        if context.deadline.left() <= reserve:
            return
        other = _compare_other_day(context, place, stored[place], reserve)
        if other is not None:
            yield other


def _compare_other_day(context: Context, place: SiteDay, item: StoredObject, reserve: float) -> DayComparison | None:
    """Return the comparison, None for a day that cannot be compared or of which nothing was."""
    try:
        other = compare_day(context, place, item, reserve=reserve)
    except (BrokenDayError, DayTooLargeError, Stop):
        return None
    return other if other.compared.rows or other.compared.stored else None


def _name_days(results: list[DayComparison]) -> str:
    return " and ".join(str(result.place) for result in results)


def _format_difference(difference: Difference, *, is_repeated: bool) -> tuple[str, str]:
    """Return the expected and the found value of one row as text."""
    ace, stored = difference.ace, difference.stored
    found = "absent" if stored is Absent.ABSENT else format_value(stored)
    if ace is Absent.ABSENT:
        return f"{found} in ACE, as stored", "fewer such rows in ACE" if is_repeated else "no such row in ACE"
    return f"{format_value(ace)}, in ACE", found
