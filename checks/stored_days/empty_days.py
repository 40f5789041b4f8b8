"""Days that are stored as empty, asked of ACE: it may have data for them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import TYPE_CHECKING

from checks.check import Context
from checks.model.finding import Evidence, Finding, Inconclusive
from checks.stored_days import days, objects, stored_day

if TYPE_CHECKING:
    from cloudflare_client.answers import StoredObject

ROWS = 10  # of ACE's enum: one row is enough to know
MOST = 3  # findings
WAIT = 3.0  # seconds: one connection may be reset, and nothing else waits for this


def asked(context: Context, stored: Mapping[date, StoredObject]) -> Iterator[Evidence | Finding]:
    """Yield a finding for an empty day that ACE has samples for; all of them are asked for when thorough.

    Without the key, or where ACE does not answer at once, evidence says that nobody looked: that is another promise.
    """
    empty = [day for day, item in sorted(stored.items()) if item.metadata["samples"] == "0"]
    if not empty:
        return
    said = f"{len(empty)} day{'' if len(empty) == 1 else 's'} stored as empty"
    if context.credentials.ace_key is None:
        yield Evidence(f"{said}, and ACE was not asked whether they are: no ACE_API_KEY")
        return
    chosen = empty if context.thorough else days.sample(empty, context.now)
    filled = 0
    for count, day in enumerate(chosen):
        try:
            found = _first(context, day)
        except Inconclusive as error:
            yield Evidence(f"{said}, and ACE answered for {count} of them only: {error.finding.found}")
            return
        if found is not None and filled < MOST:
            actual = f"ACE has samples now, the first at {found}; filled there since, or missed by the worker"
            key = stored[day].key
            yield objects.rewrite(context, key, "0 samples at ACE, as stored", actual, key=key, again="r2")
        filled += found is not None
    yield Evidence(f"{said}; ACE, asked for {len(chosen)} of them, has data for {filled or 'none'}")


def _first(context: Context, day: date) -> str | None:
    """Return when ACE's first sample of a day is; waits for an ACE that is down no longer than WAIT."""
    start, end = stored_day.window(day)
    page = context.ace.page(start, end, size=ROWS, keep=max(0.0, context.deadline.left() - WAIT))
    within = [row.at for row in page.rows if row.at < end.timestamp() * 1_000_000]
    return stored_day.shown(within[0] // 1000) if within else None
