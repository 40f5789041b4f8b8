"""A local ACE IoT: the real one's wire schema, refusals and defects on a loopback port, and faults on request."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from aiohttp import web

from rehearsal.ace import window as ace_window
from rehearsal.ace.faults import AceFault, outage, reset, truncate
from rehearsal.ace.query import PARAMETERS, InvalidQuery, Query, read
from rehearsal.ace.samples import Source

_SITE_FIELDS = (
    *("id", "name", "client", "address", "nice_name", "ansible_user", "vtron_user", "vtron_ip"),
    *("geo_location", "mqtt_prefix", "latitude", "longitude", "archived"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedRequest:
    """One request that came in, never its headers; ``status`` is None when it got no answer (``reset``).

    ``query`` holds the endpoint's own parameters; the value of any other is shown as "…".
    """

    method: str
    path: str
    query: Mapping[str, str]
    status: int | None


class LocalAce:
    """ACE's paginated timeseries of some sites; only the key's digest is kept.

    ``quirks``: the real server's cursor defect. ``latency``: seconds before every answer. ``slow_seconds``: what the
    fault ``slow`` adds. ``retry_after``: seconds that ``rate-limited`` asks for. ``empty_is_404``: an empty window is
    404 as the swagger says, not 200 as measured. All of these, and ``fault``, may be set while it runs. ``met`` counts
    the requests that met a fault or a latency since the last ``restore``.
    """

    def __init__(self, *, key: str, sites: Mapping[str, Source], quirks: bool = True, latency: float = 0.0) -> None:
        if not key:
            raise ValueError("the local ACE needs a key that is not empty")
        self.fault: AceFault | None = None
        self.requests: list[RecordedRequest] = []
        self.quirks = quirks
        self.latency = latency
        self.slow_seconds = 30.0
        self.retry_after = 1
        self.empty_is_404 = False
        self.met = 0
        self._digest = _digest(key)
        self._sites: Mapping[str, Source] = sites
        self._begun = (quirks, latency, self._digest, self._sites)
        self._windows = ace_window.Windows()
        self._runner: web.AppRunner | None = None
        self._url: str | None = None

    @property
    def url(self) -> str:
        """Return the base URL, without a slash at its end; RuntimeError when it does not run."""
        if self._url is None:
            raise RuntimeError("the local ACE is not running")
        return self._url

    async def start(self) -> str:
        """Listen on a free loopback port and return the base URL."""
        app = web.Application()
        app.router.add_route("*", "/api/sites/{site}/timeseries/paginated", self._serve)
        app.router.add_route("*", "/{rest:.*}", self._serve)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        host, port = self._runner.addresses[0][:2]
        self._url = f"http://{host}:{port}"
        return self._url

    async def stop(self) -> None:
        """Stop listening and end open requests; harmless when it does not run."""
        runner, self._runner, self._url = self._runner, None, None
        if runner is not None:
            await runner.cleanup()

    def accept(self, key: str) -> None:
        """Accept this key, and no other, from now on: as after a rotation at ACE."""
        self._digest = _digest(key)

    @property
    def sites(self) -> Mapping[str, Source]:
        """Return the sites that the key may see."""
        return self._sites

    def restore(self) -> None:
        """Be as at the start again: the same key, the same sites, no fault; what was recorded stays."""
        self.fault, self.met = None, 0
        self.quirks, self.latency, self._digest, self._sites = self._begun

    def serve(self, site: str, source: Source | None) -> None:
        """Know this site from now on, or, with None, know it no longer."""
        self._sites = {name: known for name, known in {**self._sites, site: source}.items() if known is not None}

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        fault = self.fault  # one fault from start to end, also when it is changed meanwhile
        self.met += fault is not None or self.latency > 0
        await asyncio.sleep(self.latency + (self.slow_seconds if fault is AceFault.SLOW else 0.0))
        if fault is AceFault.RESET:
            self._record(request, None)
            reset(request)
            return web.Response()
        answer = outage(fault, retry_after=self.retry_after) or await self._answer(request, fault)
        self._record(request, answer.status)
        if fault is AceFault.TRUNCATED and answer.status == 200 and isinstance(answer.body, bytes):
            return await truncate(request, answer.body)
        return answer

    async def _answer(self, request: web.Request, fault: AceFault | None) -> web.Response:
        if (site := request.match_info.get("site")) is None:
            return _message(404, "The requested URL was not found on the server.")
        if request.method != "GET":
            return _message(405, "The method is not allowed for the requested URL.")
        if refusal := self._refusal(request, fault):
            return refusal
        try:
            query = read(request.query)
        except InvalidQuery as error:
            return web.json_response({"message": str(error), "errors": error.errors}, status=400)
        if site not in self._sites:
            return web.json_response(dict.fromkeys(_SITE_FIELDS), status=403)
        body = await asyncio.to_thread(self._page, site, query, fault)  # a large page would hold up the event loop
        if body is None:
            return _message(404, "No data for time period")
        return web.Response(body=body, content_type="application/json")

    def _refusal(self, request: web.Request, fault: AceFault | None) -> web.Response | None:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme != "Bearer":
            return _message(401, "Missing Authorization Header")
        if not hmac.compare_digest(_digest(token), self._digest):
            return _message(500, "An unhandled exception occurred.")
        return _message(401, "Token has expired") if fault is AceFault.EXPIRED else None

    def _page(self, site: str, query: Query, fault: AceFault | None) -> bytes | None:
        rows = self._windows.rows(site, self._sites[site], query)
        if not rows and self.empty_is_404:
            return None
        stall = fault is AceFault.STALL
        page = ace_window.stalled(rows, query) if stall else ace_window.page(rows, query, quirks=self.quirks)
        return page.encode(under="data" if fault is AceFault.WRONG_SHAPE else "point_samples")

    def _record(self, request: web.Request, status: int | None) -> None:
        query = {name: value if name in PARAMETERS else "…" for name, value in request.query.items()}
        self.requests.append(RecordedRequest(method=request.method, path=request.path, query=query, status=status))


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).digest()


def _message(status: int, text: str) -> web.Response:
    return web.json_response({"message": text}, status=status)
