"""Times real pages of ACE: few, because each is load on ACE."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from checks.clients.ace.pages import MICROSECOND
from checks.clients.ace.refusals import AceError, RefusalKind
from checks.model.finding import Inconclusive
from checks.model.hint import Hint
from contract.schedule import DAY, day_window

if TYPE_CHECKING:
    from backfill.picture.site import Site
    from backfill.session import Session
    from checks.clients.ace.pages import Page

PAGES = 3  # of one measurement


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredPage:
    """The first page of a day: its rows, its time, and the samples of the day that it lets expect."""

    site: str
    day: date
    rows: int
    seconds: float
    samples: float


def choose_days(sites: Sequence[Site]) -> list[tuple[str, date]]:
    """Return the first, the last and a middle one of the days to copy, or of the due days where none is missing."""
    due = [(site.name, day) for site in sites for day in site.days if day.is_due]
    days = [(name, day.date) for name, day in due if not day.is_stored] or [(name, day.date) for name, day in due]
    places = sorted({0, len(days) // 2, len(days) - 1})
    return [days[place] for place in places] if days else []


def measure_pages(session: Session, days: Sequence[tuple[str, date]]) -> tuple[MeasuredPage, ...]:
    """Return the measured first page of each day. Raises Stop where ACE does not serve one."""
    clock, found = session.surroundings.clock, []
    for site, day in days[:PAGES]:
        begin = clock()
        page = _fetch_page(session, site, day)
        seconds = clock() - begin
        found.append(
            MeasuredPage(site=site, day=day, rows=len(page.rows), seconds=seconds, samples=_expect_samples(day, page))
        )
    return tuple(found)


def _fetch_page(session: Session, site: str, day: date) -> Page:
    """Return the first page of a day. The next command of a refusal is the check that asks ACE about key and sites."""
    try:
        return session.open_ace(site).fetch_page(*day_window(day), size=session.manifest.ace.page_size)
    except AceError as error:
        if error.kind is RefusalKind.NO_KEY:
            raise
        raise Inconclusive(dataclasses.replace(error.finding, hint=Hint.rerun("token"))) from None


def _expect_samples(day: date, page: Page) -> float:
    """Return the samples of a day: all rows of a last page, else as many as the time of the page's rows lets expect."""
    if page.cursor is None or not page.rows:
        return float(len(page.rows))
    start, _ = day_window(day)
    covered = (page.rows[-1].at - (start.timestamp() * 1_000_000)) * MICROSECOND
    return len(page.rows) * max(1.0, DAY / covered) if covered else float(len(page.rows))
