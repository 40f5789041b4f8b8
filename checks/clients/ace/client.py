"""Requests samples from ACE, independently of the worker's code. Source: docs/reference/ace-api.md."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

from checks.clients.ace import pages, refusals
from checks.clients.ace.pages import Cursor, Page, Row
from checks.clients.ace.refusals import AceError, RefusalKind
from checks.clients.http.client import Http
from checks.model.credentials import Secret
from checks.model.finding import Cause, Finding, ShapeError, TransientError
from checks.model.hint import Hint
from cloudflare_client.http_answer import HttpAnswer

MAX_PAGE_BYTES = 32 * 2**20  # 100,000 rows are about half of it
MAX_ROW_BYTES = 512
MAX_ENVELOPE_BYTES = 64 * 2**10
MAX_PAGES = 2000  # of one window. 500,000 rows in the smallest pages are 500
PAGE_SECONDS = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Ace:
    """One site at ACE. A request is retried after a 429 or an outage, until ``keep`` seconds of the deadline are left.

    Each call raises TransientError after the retries, and AceError where a retry does not help.
    """

    http: Http
    site: str
    key: Secret | None

    def fetch_page(
        self, start: datetime, end: datetime, *, size: int, cursor: Cursor | None = None, keep: float = 0.0
    ) -> Page:
        """Return one page of the raw samples of a window (UTC)."""
        times = {"start_time": f"{start:%Y-%m-%dT%H:%M:%SZ}", "end_time": f"{end:%Y-%m-%dT%H:%M:%SZ}"}
        params = {**times, "page_size": str(size), "raw_data": "true"} | ({"cursor": cursor.text} if cursor else {})
        answer = self.http.deadline.retry(lambda: self._send(params, size), keep=keep)
        if refusals.is_empty_window(answer):
            return Page(rows=())
        if answer.status != 200:
            kind, actual = refusals.classify_refusal(answer)
            raise AceError(self._describe("200 with samples", actual), kind)
        try:
            return pages.parse_page(answer.body)
        except ShapeError as error:
            raise self._build_shape_error(f"{error}: {answer.shown[:60]}") from None

    def fetch_rows(
        self, start: datetime, end: datetime, *, size: int, is_over: Callable[[], bool] = lambda: False
    ) -> Iterator[Row]:
        """Yield a window's samples, page by page, in ACE's order. A sample at ``end`` belongs to the next window.

        No further page is requested once ``is_over`` returns True. ACE does not document whether ``end_time`` is
        inclusive. The rows of a page may be in any order, and a last page may be empty. Raises AceError for a repeated
        page, a row outside the window, and a row older than the rows of the page before, because rows may be missing
        then.
        """
        bounds = [(moment - pages.EPOCH) // pages.MICROSECOND for moment in (start, end)]
        cursor: Cursor | None = None
        seen: set[int] = set()
        latest = bounds[0]
        for _ in range(MAX_PAGES):
            page = self.fetch_page(start, end, size=size, cursor=cursor)
            problem = _find_problem(page, latest, bounds[1], seen)
            if problem:
                raise self._build_shape_error(problem)
            yield from (row for row in page.rows if row.at < bounds[1])
            if page.cursor is None or is_over():
                return
            latest = max(row.at for row in page.rows)
            try:
                cursor = pages.find_next_cursor(page.cursor, cursor, page.rows)
            except ShapeError as error:
                raise self._build_shape_error(str(error)) from None
        raise self._build_shape_error(f"more than {MAX_PAGES:,} pages")

    def _send(self, params: dict[str, str], size: int) -> HttpAnswer:
        if self.key is None:
            finding = self._describe("a key for ACE", "ACE_API_KEY is not set")
            raise AceError(dataclasses.replace(finding, hint=Hint.export("ACE_API_KEY")), RefusalKind.NO_KEY)
        path = f"/api/sites/{quote(self.site, safe='')}/timeseries/paginated"
        headers, limit = {"Accept": "application/json"}, min(MAX_PAGE_BYTES, MAX_ENVELOPE_BYTES + MAX_ROW_BYTES * size)
        answer = self.http.send(
            "GET", path, token=self.key, params=params, headers=headers, limit=limit, timeout=PAGE_SECONDS, decode=True
        )
        if answer.status == 429:
            wait = answer.retry_after
            actual = "429: ACE limits the rate" + (f" (Retry-After: {wait:g} s)" if wait else "")
            raise TransientError(self._describe("200 with samples", actual), after=wait, answered=True)
        if answer.status == 408 or (answer.status >= 500 and not refusals.is_unknown_key(answer)):
            finding = self._describe("200 with samples", f"an outage: {answer.shown}")
            raise TransientError(finding, after=answer.retry_after, answered=True)
        return answer

    def _build_shape_error(self, actual: str) -> AceError:
        return AceError(self._describe("an answer of the documented form", actual), RefusalKind.SHAPE)

    def _describe(self, expected: str, actual: str) -> Finding:
        return self.http.describe_failure(f"ACE, site {self.site}", expected, actual, Cause.ACE)


def _find_problem(page: Page, latest: int, end: int, seen: set[int]) -> str:
    """Return a sign that rows may be missing, or an empty text. Adds the page's digest to ``seen``."""
    digest = hash(tuple(page.rows))
    if page.rows and digest in seen:
        return "the same page twice"
    seen.add(digest)
    if any(row.at < latest or row.at > end for row in page.rows):
        return "a row outside its window, or older than the rows of the page before"
    return ""
