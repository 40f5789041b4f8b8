"""Decodes a selection of the stored days, as many as the time allows, and judges each."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from checks.check import Context
from checks.diagnosis.stored_objects.damage import explain_damage
from checks.model.finding import Cause, Evidence, Failed, Finding, Inconclusive, TransientError
from checks.model.hint import Hint
from checks.stored_days import judgement
from checks.stored_days.listing import fetch_concurrently
from checks.stored_days.selection import select_days, select_smallest_day

if TYPE_CHECKING:
    from cloudflare_client.answers import StoredObject
    from contract.schedule import SiteDay

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


def judge_sample(
    context: Context, stored: Mapping[SiteDay, StoredObject], judged: Collection[SiteDay]
) -> Iterator[Evidence | Finding]:
    """Decode the selected days, and yield a finding for each that does not agree with its metadata.

    ``judged`` are days that already have a finding. The first day is always decoded. Raises Inconclusive for a
    thorough run that had no time for all days.
    """
    chosen = [day for day in _choose_days(context, stored) if day not in judged]
    counts = _Counts()
    yield from _judge_days(context, stored, chosen, counts)
    yield Evidence(f"{counts.whole} of them agree with their metadata ({counts.samples:,} samples)")
    if counts.damaged > MAX_FINDINGS:
        yield Evidence(f"{counts.damaged - MAX_FINDINGS} more days do not agree with their metadata")
    if counts.too_large is not None:
        raise counts.too_large
    if counts.done < len(chosen):
        if context.thorough:
            raise Inconclusive(describe_lack_of_time(context, "r2", counts.done, len(chosen)))
        yield Evidence(f"{counts.done} of {len(chosen)} selected days were decoded, because the time was over")


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


def _judge_days(
    context: Context, stored: Mapping[SiteDay, StoredObject], chosen: Sequence[SiteDay], counts: _Counts
) -> Iterator[Finding]:
    storage = context.manifest.storage

    def is_over() -> bool:
        return counts.done > 0 and context.deadline.left() < _reserve(context)

    for day, fetched in fetch_concurrently(context.cloudflare, storage, chosen, stored, is_over):
        if is_over():
            _require_no_refusal(fetched)
            continue
        try:
            item, raw = stored[day], fetched()
            decoded = judgement.decode_and_judge(storage, item, raw, day.day, site=day.site, check="r2")
        except TransientError:
            raise
        except Inconclusive as error:  # a day beyond this checker's limits must not hide a damaged one after it
            counts.too_large = counts.too_large or error
        except Failed as error:
            counts.damaged += 1
            if counts.damaged <= MAX_FINDINGS:
                yield explain_damage(context, error.finding, stored[day], day)
        else:
            counts.whole, counts.samples = counts.whole + 1, counts.samples + decoded.samples
        counts.done += 1
        context.report_progress("r2", counts.done, len(chosen))


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


def _choose_days(context: Context, stored: Mapping[SiteDay, StoredObject]) -> list[SiteDay]:
    """Return the selected days, and of those without a size in their metadata the one with the least plausible size."""
    chosen = select_days(stored, context.now, thorough=context.thorough)
    smallest = select_smallest_day({day: item for day, item in stored.items() if "bytes" not in item.metadata})
    return chosen if smallest is None or smallest in chosen else sorted([*chosen, smallest])
