"""ACE asked once more, by code that is not the worker's, whether it refuses what the worker says it does."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime
from itertools import islice
from typing import TYPE_CHECKING

from checks.check import Context
from checks.clients.worker.progress import is_date, last_day
from checks.model.finding import Inconclusive
from checks.stored_days import stored_day
from contract.operator_token import derive_operator_token

if TYPE_CHECKING:
    from checks.clients.ace.client import Ace

SECONDS = 5.0  # to wait at most, for all of an answer
SHARE = 4  # the part of what is left of the deadline that may go into it: what asks has a verdict to tell
PAGES = 50  # of a day that is read whole; the largest known has as many
REFUSED = ("upstream_auth", "upstream_rejected")
MISREAD = ("upstream_contract",)


def contradiction(context: Context, code: str, day: date | None) -> str:
    """Return what ACE serves, though the worker reports ``code`` of ``day``; nothing if it does not, or nobody knows.

    ACE is asked with the key that the worker holds, for the declared site and page size, within a few seconds; where
    that key is not at hand, or no answer came in time, there is no second opinion. Never raises.
    """
    if code not in (*REFUSED, *MISREAD) or not _holds_its_key(context):
        return ""
    window = _window(context, day)
    if window is None:
        return ""
    question = f"{'whole' if code in MISREAD else 'first page'} {window[0]:%Y-%m-%d}"
    if question not in context.opinions:
        context.opinions[question] = _asked(context, window, whole=code in MISREAD)
    return context.opinions[question]


def _asked(context: Context, window: tuple[datetime, datetime], *, whole: bool) -> str:
    ace, site, size = _hurried(context), context.manifest.ace.site, context.manifest.ace.page_size
    who = f"ACE, asked by this checker with the same key, serves {site}"
    try:
        if not whole:
            ace.page(*window, size=size)
            return f"{who} for {window[0]:%Y-%m-%d}, {size:,} rows a page"
        limit = PAGES * size
        rows = _count(islice(ace.rows(*window, size=size), limit))
    except Inconclusive:
        return ""
    return f"{who}, and all {rows:,} rows of {window[0]:%Y-%m-%d} are in good order" if rows < limit else ""


def _count(rows: Iterator[object]) -> int:
    return sum(1 for _ in rows)


def _hurried(context: Context) -> Ace:
    """Return ACE with a deadline of its own, well before that of all checks."""
    deadline = context.deadline
    seconds = min(SECONDS, deadline.left() / SHARE)
    hurried = replace(deadline, seconds=seconds, end=deadline.clock() + seconds)
    return replace(context.ace, http=replace(context.ace.http, deadline=hurried))


def _holds_its_key(context: Context) -> bool:
    """Return whether the key at hand is the worker's own: it accepts this operator token, which is made of its key."""
    key, operator = context.credentials.ace_key, context.credentials.operator
    if key is None or operator is None:
        return False
    try:
        return derive_operator_token(key.reveal()) == operator.reveal()
    except UnicodeEncodeError:
        return False


def _window(context: Context, day: date | None) -> tuple[datetime, datetime] | None:
    """Return the day that the worker is at, or the first one where it names none of the declared range."""
    declared = context.manifest.ace
    if not is_date(declared.start_date):
        return None
    first = date.fromisoformat(declared.start_date)
    try:
        known = day is not None and first <= day <= last_day(declared, context.now)
        return stored_day.window(day if day is not None and known else first)
    except (ValueError, OverflowError):  # an end that is no date, a day without a next one
        return None
