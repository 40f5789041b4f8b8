"""Asks ACE whether it has data for days that are stored as empty."""

from __future__ import annotations

from collections.abc import Iterator

from checks.check import Context
from checks.diagnosis.stored_objects.writer import find_writer
from checks.model.finding import Cause, Evidence, Finding, Inconclusive
from checks.model.hint import Hint
from checks.stored_days.judgement import is_empty
from checks.stored_days.listing.days import StoredDays
from checks.stored_days.selection import select_sample
from checks.stored_days.stored_day import format_moment
from checks.stored_days.writer import WriterKind
from contract.schedule import SiteDay, day_window, format_time

ROWS = 10  # of ACE's page sizes: one row is enough
MAX_FINDINGS = 3
MAX_PROBES = 4  # empty days of a run
WAIT_SECONDS = 3.0  # for a retry after a broken connection


def probe_empty_days(context: Context, stored: StoredDays) -> Iterator[Evidence | Finding]:
    """Yield a finding for an empty day that ACE has samples for. ACE is asked about all such days when thorough.

    Without the key, or where ACE does not answer at once, the evidence says that ACE was not asked.
    """
    empty = sorted(place for place, item in stored.items() if is_empty(item))
    if not empty:
        return
    said = "1 stored day is empty" if len(empty) == 1 else f"{len(empty)} stored days are empty"
    if context.credentials.ace_key is None:
        yield Evidence(f"{said}, not compared with ACE because ACE_API_KEY is not set")
        return
    sites = [site.name for site in context.manifest.sites]
    sample = select_sample(sites, empty, context.now, size=MAX_PROBES, thorough=context.thorough)
    filled = 0
    for count, place in enumerate(sample.places):
        try:
            first = _read_first_time(context, place)
        except Inconclusive as error:
            yield Evidence(f"{said}, {count} compared with ACE before it failed: {error.finding.found}")
            return
        if first is not None and filled < MAX_FINDINGS:
            yield _describe_filled_day(context, stored, place, first)
        filled += first is not None
    yield Evidence(f"{said}, {len(sample.places)} compared with ACE, which has data for {filled or 'none'}")


def _describe_filled_day(context: Context, stored: StoredDays, place: SiteDay, first: str) -> Finding:
    """Return the finding for one day. A version that stored other days with samples can read ACE's answers."""
    item = stored[place]
    writer = find_writer(context, item)
    reads = any(
        not is_empty(other) and other.metadata.get("worker_version") == writer.version for other in stored.values()
    )
    if writer.kind is WriterKind.FOREIGN:
        cause, reason = Cause.OUTSIDE_CHANGE, "so that version may have missed them"
    elif reads:
        since = f"ACE has changed since {format_time(item.uploaded)}"
        cause, reason = Cause.ACE, f"so {since}: the same version stored samples of other days"
    else:
        cause, reason = Cause.WORKER, "and that version stored no day with samples, so it missed them"
    return Finding(
        subject=item.key,
        expected="0 samples in ACE, as stored",
        found=f"ACE has samples now, the first at {first}; {writer.text}, {reason}",
        cause=cause,
        hint=Hint.explain("r2"),
    )


def _read_first_time(context: Context, place: SiteDay) -> str | None:
    """Return the time of ACE's first sample of a day, or None where ACE has none."""
    start, end = day_window(place.day)
    ace = context.ace(place.site)
    page = ace.fetch_page(start, end, size=ROWS, keep=max(0.0, context.deadline.left() - WAIT_SECONDS))
    within = [row.at for row in page.rows if row.at < end.timestamp() * 1_000_000]
    return format_moment(within[0] // 1000) if within else None
