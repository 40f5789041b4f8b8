"""Decodes a selection of the stored days, as many as the time allows, and judges each."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from checks.check import Context
from checks.diagnosis.stored_objects.damage import explain_damage
from checks.diagnosis.stored_objects.shared_list import find_rewritten
from checks.model.finding import Cause, Evidence, Failed, Finding, Inconclusive, TransientError, count
from checks.model.hint import Hint
from checks.stored_days import judgement
from checks.stored_days.listing.days import StoredDays
from checks.stored_days.listing.objects import fetch_concurrently, fetch_object
from checks.stored_days.selection import select_sample, select_smallest_day
from contract.schedule import SiteDay

if TYPE_CHECKING:
    from checks.stored_days.stored_day import Day
    from cloudflare_client.answers import StoredObject

MIN_DAYS, MAX_DAYS = 16, 200  # that a run reads
MAX_RUNS = 512  # daily runs for a round over all days, where MAX_DAYS and MAX_BYTES allow it
MAX_BYTES = 32 * 2**20  # compressed, of the days that a run reads
MAX_FINDINGS = 10  # damaged days that are reported one by one
RESERVED_SHARE = 0.4  # of the deadline, for the checks that run after this one
RESERVED_SHARE_THOROUGH = 0.05


@dataclass(slots=True, kw_only=True)
class _Counts:
    """The days so far: ``whole`` agree with their metadata, ``damaged`` do not, ``done`` includes both."""

    whole: int = 0
    samples: int = 0
    damaged: int = 0
    done: int = 0
    too_large: Inconclusive | None = None


def judge_sample(context: Context, stored: StoredDays, judged: Collection[SiteDay]) -> Iterator[Evidence | Finding]:
    """Decode the selected days, and yield a finding for each that does not agree with its metadata.

    ``judged`` are days that already have a finding. Raises Inconclusive for a
    thorough run that had no time for all days.
    """
    sites = [site.name for site in context.manifest.sites]
    size = _find_size(stored)
    sample = select_sample(sites, stored.keys(), context.now, size=size, thorough=context.thorough)
    chosen = [place for place in _add_suspect(sample.places, stored) if place not in judged]
    counts = _Counts()
    yield from _judge_days(context, stored, chosen, counts)
    skipped = len(chosen) - counts.done
    yield Evidence(f"read {sample.describe(len(sample.places) - skipped)}")
    yield Evidence(f"{counts.whole} of them agree with their metadata ({counts.samples:,} samples)")
    if counts.damaged > MAX_FINDINGS:
        yield Evidence(f"no agreement with the metadata: {count(counts.damaged - MAX_FINDINGS, 'more day')}")
    if counts.too_large is not None:
        raise counts.too_large
    if skipped and context.thorough:
        raise Inconclusive(describe_lack_of_time(context, "r2", counts.done, len(chosen)))


def _find_size(stored: StoredDays) -> int:
    """Return the number of days to read: enough for a round in a year and a half, as far as they are small."""
    size = min(MAX_DAYS, max(MIN_DAYS, math.ceil(len(stored) / MAX_RUNS)))
    mean = sum(item.size for item in stored.values()) / max(1, len(stored))
    return max(1, min(size, int(MAX_BYTES / max(1.0, mean))))


def describe_lack_of_time(context: Context, check: str, done: int, total: int) -> Finding:
    """Return the finding for a thorough run that had no time for all days, with a deadline that may suffice."""
    seconds = context.deadline.seconds
    needed = 1.5 * seconds * total / max(done, 1)
    return Finding(
        subject=f"{total:,} stored days",
        expected="all of them are read within the deadline",
        found=f"{done:,} were read within {seconds:g} s. All of them may take about {needed / 60:,.0f} min",
        cause=Cause.CHECKER,
        hint=Hint.rerun_thoroughly(check, needed),
    )


def _judge_days(context: Context, stored: StoredDays, chosen: Sequence[SiteDay], counts: _Counts) -> Iterator[Finding]:
    storage = context.manifest.storage

    def is_over() -> bool:
        return counts.done > 0 and context.deadline.left() < _reserve(context)

    for place, fetched in fetch_concurrently(context.cloudflare, storage, chosen, stored, is_over):
        if is_over():
            _require_no_refusal(fetched)
            continue
        try:
            decoded = _judge_day(context, place, stored[place], fetched)
        except TransientError:
            raise
        except Inconclusive as error:  # a day beyond this checker's limits must not hide a damaged one after it
            counts.too_large = counts.too_large or error
        except Failed as error:
            counts.damaged += 1
            if counts.damaged <= MAX_FINDINGS:
                yield explain_damage(context, error.finding, stored[place], place)
        else:
            counts.whole, counts.samples = counts.whole + 1, counts.samples + decoded.samples
        counts.done += 1
        context.report_progress("r2", counts.done, len(chosen))


def _judge_day(context: Context, place: SiteDay, item: StoredObject, fetched: Callable[[], bytes]) -> Day:
    """Return the decoded day. One that was written again since it was listed is judged as it is now."""
    storage = context.manifest.storage
    try:
        return judgement.decode_and_judge(storage, item, fetched(), place.day, site=place.site, check="r2")
    except Failed:
        newer = find_rewritten(context, item)
        if newer is None:
            raise
    raw = fetch_object(context.cloudflare, storage, newer)
    return judgement.decode_and_judge(storage, newer, raw, place.day, site=place.site, check="r2")


def _require_no_refusal(fetched: Callable[[], bytes]) -> None:
    """Wait for an object that is not decoded. Raises as ``fetch_object``: only a slow answer is a lack of time."""
    try:
        fetched()
    except TransientError as error:
        if error.answered:
            raise


def _reserve(context: Context) -> float:
    share = RESERVED_SHARE_THOROUGH if context.thorough else RESERVED_SHARE
    return share * context.deadline.seconds


def _add_suspect(places: Sequence[SiteDay], stored: StoredDays) -> list[SiteDay]:
    """Return the selected days, and of those without a size in their metadata the one with the least plausible size."""
    smallest = select_smallest_day({place: item for place, item in stored.items() if "bytes" not in item.metadata})
    return sorted({*places, *([] if smallest is None else [smallest])})
