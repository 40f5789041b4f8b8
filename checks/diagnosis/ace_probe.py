"""A probe of ACE: sends the worker's request by the checker's own code, and reports whether ACE serves it."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING

from checks.check import Context
from checks.model.finding import Inconclusive
from contract.operator_token import derive_operator_token
from contract.schedule import day_window, last_day, parse_day

if TYPE_CHECKING:
    from checks.clients.ace.client import Ace
    from contract.manifest.sites import DeclaredSite
    from contract.schedule import SiteDay

MAX_SECONDS = 5.0  # of the whole probe
SHARE = 4  # the probe may use a quarter of the time that is left
PAGES = 50  # of a day that is read whole: the largest known day has as many
ACE_ANSWERED = re.compile(r"ACE answered (408|429|50\d|51\d)\b")  # 520 to 530 are Cloudflare's, in place of ACE
REFUSED_KEY = "upstream_auth"
REFUSED = (REFUSED_KEY, "upstream_rejected")
MISREAD = ("upstream_contract",)
UNREACHED = ("upstream_unavailable",)


def find_contradiction(context: Context, code: str, day: SiteDay | None, reason: str | None = None) -> str:
    """Return a description of the data that ACE serves although the worker reports ``code``, or an empty text.

    The probe uses the worker's key, and the declared site and page size. The text is empty as well where that key is
    not at hand, where no answer came in time, or where it is not known which of several sites failed. A refused key is
    that of all sites. A worker that does not reach ACE is compared only where its ``reason`` is of this run, and does
    not say that ACE itself answered with an error. Raises nothing.
    """
    if code not in (*REFUSED, *MISREAD, *UNREACHED) or not _has_workers_key(context):
        return ""
    if code in UNREACHED and (reason is None or ACE_ANSWERED.search(reason)):
        return ""
    site = _choose_site(context, code, day)
    window = None if site is None else _choose_window(context, site, day)
    if site is None or window is None:
        return ""
    probe = f"{'whole' if code in MISREAD else 'first page'} {site.name} {window[0]:%Y-%m-%d}"
    if probe not in context.ace_probes:
        context.ace_probes[probe] = _probe(context, site.name, window, whole=code in MISREAD)
    return context.ace_probes[probe]


def _probe(context: Context, site: str, window: tuple[datetime, datetime], *, whole: bool) -> str:
    ace, size = _limit_deadline(context, site), context.manifest.ace.page_size
    served = f"a probe of ACE with the same key succeeds: it serves {site}"
    try:
        if not whole:
            ace.fetch_page(*window, size=size)
            return f"{served} for {window[0]:%Y-%m-%d}, {size:,} rows a page"
        limit = PAGES * size
        rows = sum(1 for _ in islice(ace.fetch_rows(*window, size=size), limit))
    except Inconclusive:
        return ""
    return f"{served} with {rows:,} valid rows of {window[0]:%Y-%m-%d}" if rows < limit else ""


def _limit_deadline(context: Context, site: str) -> Ace:
    """Return the ACE client with a deadline of its own, well before the shared one."""
    limited = context.deadline.shorten(min(MAX_SECONDS, context.deadline.left() / SHARE))
    ace = context.ace(site)
    return replace(ace, http=replace(ace.http, deadline=limited))


def _has_workers_key(context: Context) -> bool:
    """Return whether the key at hand is the worker's own: the accepted operator token is derived from it."""
    key, operator = context.credentials.ace_key, context.credentials.operator
    if key is None or operator is None:
        return False
    try:
        return derive_operator_token(key.reveal()) == operator.reveal()
    except UnicodeEncodeError:
        return False


def _choose_site(context: Context, code: str, day: SiteDay | None) -> DeclaredSite | None:
    """Return the site of the worker's current day. Where the worker names none, any site tells about a refused key."""
    sites = context.manifest.sites
    if day is None or not day.site:
        return sites[0] if len(sites) == 1 or code == REFUSED_KEY else None
    return next((site for site in sites if site.name == day.site), None)


def _choose_window(context: Context, site: DeclaredSite, day: SiteDay | None) -> tuple[datetime, datetime] | None:
    """Return the window of the worker's current day, or of the site's first day where the worker names none."""
    first = parse_day(site.start_date)
    if first is None:
        return None
    try:
        known = day is not None and first <= day.day <= last_day(site.end_date, context.now)
        return day_window(day.day if day is not None and known else first)
    except (ValueError, OverflowError):  # an end date that is no date, or a day without a next one
        return None
