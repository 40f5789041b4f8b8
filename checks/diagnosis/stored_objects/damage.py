"""Adds to the finding about a damaged object whether ACE still has the day, and the version that wrote the object."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from checks.check import Context
from checks.diagnosis.stored_objects.writer import find_writer
from checks.model.finding import Cause, Finding, Inconclusive
from checks.stored_days.writer import WriterKind
from contract.schedule import day_window

if TYPE_CHECKING:
    from cloudflare_client.answers import StoredObject
    from contract.schedule import SiteDay

ROWS = 10  # of ACE's page sizes: one row is enough
MAX_SECONDS = 5.0  # for one question to ACE
SHARE = 8  # a question may use an eighth of the time that is left


def explain_damage(context: Context, finding: Finding, item: StoredObject, day: SiteDay) -> Finding:
    """Return the finding with the facts about the object. A foreign writer is the cause. Raises nothing."""
    writer = find_writer(context, item)
    foreign = writer.kind is WriterKind.FOREIGN and finding.cause is Cause.WORKER
    facts = f"{finding.found}; {writer.text}; {describe_day_at_ace(context, day)}"
    return replace(finding, found=facts, cause=Cause.OUTSIDE_CHANGE if foreign else finding.cause)


def describe_day_at_ace(context: Context, day: SiteDay) -> str:
    """Return whether ACE still has samples of a day. ACE is asked once for each day. Raises nothing."""
    probe = f"samples {day}"
    if probe not in context.ace_probes:
        context.ace_probes[probe] = _ask_ace(context, day)
    return context.ace_probes[probe]


def _ask_ace(context: Context, day: SiteDay) -> str:
    if context.credentials.ace_key is None:
        return "ACE was not asked for the day, because ACE_API_KEY is not set"
    limited = context.deadline.shorten(min(MAX_SECONDS, context.deadline.left() / SHARE))
    ace = context.ace(day.site)
    ace = replace(ace, http=replace(ace.http, deadline=limited))
    start, end = day_window(day.day)
    try:
        page = ace.fetch_page(start, end, size=ROWS)
    except Inconclusive as error:
        return f"ACE did not say whether it still has the day: {error.finding.found}"
    rows = [row for row in page.rows if row.at < end.timestamp() * 1_000_000]
    return "ACE still has samples of the day" if rows else "ACE no longer has the day: keep the object"
