"""The fake ACE: the samples of its sites by day, with the refusals and the cursor's defect of the real one."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

import httpx

from rehearsal.ace.page_request import InvalidPageRequest, read_page_request
from rehearsal.ace.samples import Sample
from rehearsal.ace.window import cut_page
from tests.fakes import manifest
from tests.fakes.answers import answer, response
from tests.fakes.days import Row

PATH = f"/api/sites/{manifest.SITE}/timeseries/paginated"
_PATH = re.compile(r"/api/sites/([^/]+)/timeseries/paginated")


class Ace:
    """ACE with one key. A fault or a test changes ``sites``, ``is_down`` or ``is_expired`` (the key).

    ``days`` are those of the first site. ``refusals`` has the status and the body that it answers for a site.
    """

    def __init__(self, key: str, days: dict[str, list[Row]], now: Callable[[], datetime]) -> None:
        self.key, self.sites = key, {manifest.SITE: days}
        self.is_down = self.is_expired = False
        self.refusals: dict[str, tuple[int, Any]] = {}
        self._now = now

    @property
    def days(self) -> dict[str, list[Row]]:
        """Return the rows of the first site by day."""
        return self.sites[manifest.SITE]

    @days.setter
    def days(self, days: dict[str, list[Row]]) -> None:
        self.sites[manifest.SITE] = days

    def read(self, day: str, site: str = manifest.SITE) -> list[Row] | None:
        """Return the rows of a site's day up to now, None during an outage."""
        now = f"{self._now():%Y-%m-%dT%H:%M:%S}"
        return None if self.is_down else [row for row in self.sites[site].get(day, ()) if row["time"] <= now]

    def answer(self, request: httpx.Request) -> httpx.Response:
        """Answer one request."""
        authorization = request.headers.get("Authorization", "")
        if self.is_down:
            return response(503, b"<html>Service Temporarily Unavailable</html>")
        if not authorization.startswith("Bearer "):
            return answer(401, {"message": "Missing Authorization Header"})
        if self.is_expired:
            return answer(401, {"message": "Token has expired"})
        if authorization != f"Bearer {self.key}":
            return answer(500, {"message": "An unhandled exception occurred."})
        found = _PATH.fullmatch(request.url.path)
        if found is None or found[1] not in self.sites:
            return answer(403, {"id": None, "name": None, "client": None})
        if found[1] in self.refusals:
            return answer(*self.refusals[found[1]])
        try:
            query = read_page_request(request.url.params)
        except InvalidPageRequest as error:
            return answer(400, {"message": str(error), "errors": error.errors})
        rows = self._rows(found[1], query.start.isoformat(), query.end.isoformat())
        return response(200, cut_page(rows, query, quirks=True).encode())

    def _rows(self, site: str, start: str, end: str) -> list[Sample]:
        return [
            Sample(row["name"], row["value"], datetime.fromisoformat(row["time"]))
            for day in sorted(self.sites[site])
            for row in self.read(day, site) or ()
            if start <= row["time"] < end
        ]
