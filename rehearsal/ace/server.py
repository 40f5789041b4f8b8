"""The server of the local ACE IoT."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from aiohttp import web

from rehearsal.ace.faults import AceFault
from rehearsal.ace.page_request import PARAMETERS, InvalidPageRequest, PageRequest, read_page_request
from rehearsal.ace.samples import SampleSource
from rehearsal.ace.window import Windows, cut_page, cut_stalled_page, get_time
from rehearsal.clock import Clock
from rehearsal.network_faults import FaultInjectionPoint, NoResponse

_SITE_FIELDS = (
    *("id", "name", "client", "address", "nice_name", "ansible_user", "vtron_user", "vtron_ip"),
    *("geo_location", "mqtt_prefix", "latitude", "longitude", "archived"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedRequest:
    """One received request without its headers. ``status`` is None if its connection was reset.

    ``query`` has the endpoint's own parameters. The value of any other parameter is "…".
    """

    method: str
    path: str
    query: Mapping[str, str]
    status: int | None


class LocalAce:
    """ACE's paginated timeseries of some sites. It keeps only a digest of the key.

    ``clock``: the rehearsal's time, after which there is no sample (None: samples of any time).
    ``quirks``: the real server's cursor defect. ``empty_is_404``: an empty window is 404 as in the swagger, not 200 as
    measured. ``network``: the fault injection point in front of ACE. These and ``fault`` may be set while it runs.
    ``affected`` counts the requests during a ``fault`` since the last ``restore``.
    """

    def __init__(
        self, *, key: str, sites: Mapping[str, SampleSource], quirks: bool = True, clock: Clock | None = None
    ) -> None:
        if not key:
            raise ValueError("the local ACE needs a key that is not empty")
        self.fault: AceFault | None = None
        self.network = FaultInjectionPoint()
        self.requests: list[RecordedRequest] = []
        self.quirks = quirks
        self.empty_is_404 = False
        self.affected = 0
        self._clock = clock
        self._digest = _make_digest(key)
        self._sites: Mapping[str, SampleSource] = sites
        self._initial = (quirks, self._digest, self._sites)
        self._windows = Windows()
        self._runner: web.AppRunner | None = None
        self._url: str | None = None

    @property
    def url(self) -> str:
        """Return the base URL without a trailing slash. Raises RuntimeError when the server does not run."""
        if self._url is None:
            raise RuntimeError("the local ACE is not running")
        return self._url

    async def start(self) -> str:
        """Listen on a free loopback port and return the base URL."""
        app = web.Application()
        if self._clock is not None:
            app.on_response_prepare.append(self._clock.date_response)
        app.router.add_route("*", "/api/sites/{site}/timeseries/paginated", self._serve)
        app.router.add_route("*", "/{rest:.*}", self._serve)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        host, port = self._runner.addresses[0][:2]
        self._url = f"http://{host}:{port}"
        return self._url

    async def stop(self) -> None:
        """Stop listening and end open requests. Does nothing when the server does not run."""
        runner, self._runner, self._url = self._runner, None, None
        if runner is not None:
            await runner.cleanup()

    def accept(self, key: str) -> None:
        """Accept only this key from now on, as after a rotation at ACE."""
        self._digest = _make_digest(key)

    @property
    def sites(self) -> Mapping[str, SampleSource]:
        """Return the sites of the key."""
        return self._sites

    def restore(self) -> None:
        """Restore the key, the sites and the behaviour of the start. The recorded requests stay."""
        self.fault, self.network.fault, self.affected = None, None, 0
        self.quirks, self._digest, self._sites = self._initial
        self._windows = Windows()  # the rows that were kept may be of another source

    def set_site(self, site: str, source: SampleSource | None) -> None:
        """Serve this site from now on, or, with None, no longer."""
        self._sites = {name: known for name, known in {**self._sites, site: source}.items() if known is not None}
        self._windows = Windows()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        answer = await self.network.inject(request)
        if answer is None:
            fault = self.fault  # the same fault for the whole request, also if it changes meanwhile
            self.affected += fault is not None
            answer = await self._answer(request, fault)
        self._record(request, None if isinstance(answer, NoResponse) else answer.status)
        return answer

    async def _answer(self, request: web.Request, fault: AceFault | None) -> web.Response:
        if (site := request.match_info.get("site")) is None:
            return _respond(404, "The requested URL was not found on the server.")
        if request.method != "GET":
            return _respond(405, "The method is not allowed for the requested URL.")
        if refusal := self._refuse_key(request, fault):
            return refusal
        try:
            wanted = read_page_request(request.query)
        except InvalidPageRequest as error:
            return web.json_response({"message": str(error), "errors": error.errors}, status=400)
        if site not in self._sites:
            return web.json_response(dict.fromkeys(_SITE_FIELDS), status=403)
        # In a thread, because a large page would block the event loop.
        body = await asyncio.to_thread(self._make_page, site, wanted, fault)
        if body is None:
            return _respond(404, "No data for time period")
        return web.Response(body=body, content_type="application/json")

    def _refuse_key(self, request: web.Request, fault: AceFault | None) -> web.Response | None:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme != "Bearer":
            return _respond(401, "Missing Authorization Header")
        if not hmac.compare_digest(_make_digest(token), self._digest):
            return _respond(500, "An unhandled exception occurred.")
        return _respond(401, "Token has expired") if fault is AceFault.EXPIRED else None

    def _make_page(self, site: str, wanted: PageRequest, fault: AceFault | None) -> bytes | None:
        rows = self._windows.rows(site, self._sites[site], wanted)
        if self._clock is not None:
            now = self._clock.now().replace(tzinfo=None)
            rows = rows[: bisect_right(rows, now, key=get_time)]
        if not rows and self.empty_is_404:
            return None
        stall = fault is AceFault.STALL
        page = cut_stalled_page(rows, wanted) if stall else cut_page(rows, wanted, quirks=self.quirks)
        return page.encode(under="data" if fault is AceFault.WRONG_SHAPE else "point_samples")

    def _record(self, request: web.Request, status: int | None) -> None:
        query = {name: value if name in PARAMETERS else "…" for name, value in request.query.items()}
        self.requests.append(RecordedRequest(method=request.method, path=request.path, query=query, status=status))


def _make_digest(key: str) -> bytes:
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).digest()


def _respond(status: int, text: str) -> web.Response:
    return web.json_response({"message": text}, status=status)
