"""A local ACE for one scenario, and a client of it."""

from __future__ import annotations

import asyncio
import base64
import json
import ssl
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

import httpx

from rehearsal.ace import LocalAce, Sample
from rehearsal.ace.page_request import Cursor
from rehearsal.ace.weather import Weather

KEY = "fake-ace-key-for-tests"
SITE = "ses_falls_city"
PATH = f"/api/sites/{SITE}/timeseries/paginated"
WINDOW = {"start_time": "2024-12-10T00:00:00Z", "end_time": "2024-12-11T00:00:00Z", "raw_data": "true"}
QUARTER = {"start_time": "2024-12-10T00:00:00Z", "end_time": "2024-12-10T00:15:00Z", "raw_data": "true"}
BAD_KEY = {"message": "An unhandled exception occurred."}
NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # httpx would load all certificates for every client
Scenario = Callable[[LocalAce, httpx.AsyncClient], Awaitable[Any]]


class Listed:
    """A source of exactly these samples."""

    def __init__(self, *samples: tuple[str, str, str]) -> None:
        self._samples = [Sample(name, value, datetime.fromisoformat(at)) for name, value, at in samples]
        self.points = tuple(sorted({sample.name for sample in self._samples}))
        self.asked = 0

    def samples(self, start: datetime, end: datetime) -> list[Sample]:
        self.asked += 1
        return [sample for sample in self._samples if start <= sample.time < end]


def run(scenario: Scenario, *, key: str = KEY, source: Any = None, **options: Any) -> Any:
    async def go() -> Any:
        sites = {SITE: Weather(site=SITE) if source is None else source}
        headers = {"Authorization": f"Bearer {key}"}
        async with (
            LocalAce(key=KEY, sites=sites, **options) as ace,
            httpx.AsyncClient(base_url=ace.url, headers=headers, verify=NO_TLS, trust_env=False) as client,
        ):
            return await scenario(ace, client)

    return asyncio.run(go())


def ask_once(
    path: str = PATH, params: dict[str, str] | None = None, *, method: str = "GET", **options: Any
) -> httpx.Response:
    async def scenario(ace: LocalAce, client: httpx.AsyncClient) -> httpx.Response:
        ace.fault = fault
        ace.empty_is_404 = empty_is_404
        return await client.request(method, path, params=WINDOW if params is None else params)

    fault = options.pop("fault", None)
    empty_is_404 = options.pop("empty_is_404", False)
    answer: httpx.Response = run(scenario, **options)
    return answer


def repair_cursor(rows: list[dict[str, str]], cursor: str | None) -> str:
    """Return the next cursor as a client computes it that does not trust the server's."""
    last = rows[-1]["time"]
    offset = sum(row["time"] == last for row in rows)
    if cursor is not None:
        incoming = json.loads(base64.b64decode(cursor))
        offset += incoming["offset"] if incoming["timestamp"] == last else 0
    return Cursor(offset=offset, time=datetime.fromisoformat(last)).encode()
