"""Stored days, fetched side by side and decoded one after the other: each must hold what its metadata says."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from functools import partial
from typing import TYPE_CHECKING

from checks.check import Context
from checks.model.background import run_in_background
from checks.model.finding import Evidence, Finding, Inconclusive, TransientError
from checks.stored_days import days, objects, stored_day
from checks.stored_days.gzip_reader import BrokenDayError

if TYPE_CHECKING:
    from cloudflare_client.answers import StoredObject

MOST = 10  # broken days that are said one by one


def judged(context: Context, stored: Mapping[date, StoredObject]) -> Iterator[Evidence | Finding]:
    """Yield a finding for each day that does not hold what it says, of a sample or, when thorough, of all."""
    chosen = sorted(stored) if context.thorough else days.sample(sorted(stored), context.now)
    whole = samples = broken = 0
    beyond: Inconclusive | None = None
    for day, fetched in _fetched(context, chosen, stored):
        try:
            said = _judge(context, day, stored[day], fetched())
        except TransientError:
            raise
        except Inconclusive as error:  # a day beyond this checker's bounds must not hide a broken one behind it
            beyond = beyond or error
            continue
        if not isinstance(said, Finding):
            whole, samples = whole + 1, samples + said.samples
            continue
        broken += 1
        if broken <= MOST:
            yield said
    yield Evidence(f"{whole} of them decoded and compared: {samples:,} samples")
    if broken > MOST:
        yield Evidence(f"{broken - MOST} more days are not whole")
    if beyond is not None:
        raise beyond


def _fetched(
    context: Context, chosen: Sequence[date], stored: Mapping[date, StoredObject]
) -> Iterator[tuple[date, Callable[[], bytes | Finding]]]:
    """Yield each day with what waits for its object; as many as a sample has are fetched at a time, and held."""
    for begin in range(0, len(chosen), days.SAMPLE):
        some = chosen[begin : begin + days.SAMPLE]
        waiting = [
            run_in_background(partial(objects.fetch, context, stored[day]), n) for n, day in enumerate(some, start=1)
        ]
        yield from zip(some, waiting, strict=True)


def _judge(context: Context, day: date, item: StoredObject, raw: bytes | Finding) -> stored_day.Day | Finding:
    if isinstance(raw, Finding):
        return raw
    try:
        with objects.judging(context, item.key, "r2"):
            found = stored_day.read(raw, day=day, site=context.manifest.ace.site)
        stored_day.compare(found, item.metadata)
    except BrokenDayError as error:
        return objects.rewrite(context, item.key, error.expected, error.found, key=item.key, again="r2")
    return found
