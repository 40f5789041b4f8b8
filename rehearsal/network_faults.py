"""Network faults in front of the worker, Cloudflare's API and ACE: late, reset, refused or truncated responses."""

from __future__ import annotations

import asyncio
import socket
import struct
from dataclasses import dataclass
from enum import StrEnum
from http import HTTPStatus

import aiohttp
from aiohttp import web
from yarl import URL

_PAGE = "<html><head><title>{title}</title></head><body><center><h1>{title}</h1></center></body></html>\n"
_HOP_BY_HOP = frozenset(
    {"connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade", "te", "trailer"}
)
_ADDED_BY_AIOHTTP = ("Accept", "Accept-Encoding", "Content-Type", "User-Agent")
_MAX_BODY_BYTES = 300 * 1024 * 1024
_TRUNCATED_LENGTH = 200


class NetworkFaultKind(StrEnum):
    """The effect of a fault on a request."""

    DELAY = "delay"  # the system's own response, ``seconds`` later
    RESET = "reset"  # TCP RST and no response
    STATUS = "status"  # an HTML page of a proxy with ``status``, and with Retry-After if ``retry_after`` is set
    TRUNCATED = "truncated"  # 200, and the connection ends before the announced Content-Length


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkFault:
    """Affects the first request and then every ``every``-th one, at most ``times`` of them (None: no limit)."""

    kind: NetworkFaultKind
    every: int = 1
    times: int | None = None
    seconds: float = 0.0
    status: int = HTTPStatus.BAD_GATEWAY
    retry_after: int | None = None


class NoResponse(web.Response):
    """The result of a reset connection. Nothing of it is sent."""


class FaultInjectionPoint:
    """The place in front of one system where a network fault can be set while the system runs."""

    def __init__(self) -> None:
        self._fault: NetworkFault | None = None
        self._seen = self._affected = 0

    @property
    def fault(self) -> NetworkFault | None:
        """Return the fault that is set."""
        return self._fault

    @fault.setter
    def fault(self, fault: NetworkFault | None) -> None:
        self._fault, self._seen, self._affected = fault, 0, 0

    @property
    def affected(self) -> int:
        """Return the number of requests that the present fault has affected."""
        return self._affected

    def take(self) -> NetworkFault | None:
        """Count one request and return the fault that affects it."""
        fault = self._fault
        if fault is None:
            return None
        affects = self._seen % fault.every == 0 and (fault.times is None or self._affected < fault.times)
        self._seen += 1
        self._affected += affects
        return fault if affects else None

    async def inject(self, request: web.Request) -> web.StreamResponse | None:
        """Return the response that replaces the system's own, or None when the request goes on to the system."""
        fault = self.take()
        if fault is None:
            return None
        match fault.kind:
            case NetworkFaultKind.DELAY:
                await asyncio.sleep(fault.seconds)
                return None
            case NetworkFaultKind.STATUS:
                return _proxy_page(fault)
            case NetworkFaultKind.TRUNCATED:
                return await _truncate(request)
            case NetworkFaultKind.RESET:
                return _reset(request)


class FaultProxy:
    """An HTTP proxy on a loopback port in front of a system of another process, used while a fault is set."""

    def __init__(self) -> None:
        self.point = FaultInjectionPoint()
        self.url = ""
        self._origin = ""
        self._client: aiohttp.ClientSession | None = None
        self._runner: web.AppRunner | None = None

    async def start(self) -> str:
        """Listen on a free loopback port and return ``url``. ``forward_to`` must follow."""
        app = web.Application(client_max_size=_MAX_BODY_BYTES)
        app.router.add_route("*", "/{path:.*}", self._serve)
        self._client = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, force_close=True),
            timeout=aiohttp.ClientTimeout(total=None),
            auto_decompress=False,
            skip_auto_headers=_ADDED_BY_AIOHTTP,
        )
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2, auto_decompress=False)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        host, port = self._runner.addresses[0][:2]
        self.url = f"http://{host}:{port}"
        return self.url

    def forward_to(self, origin: str) -> None:
        """Send requests to this URL (scheme, host and port) from now on."""
        self._origin = origin

    async def stop(self) -> None:
        """Stop listening and end open requests. Does nothing when the proxy does not run."""
        runner, client, self._runner, self._client = self._runner, self._client, None, None
        if runner is not None:
            await runner.cleanup()
        if client is not None:
            await client.close()

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        if (injected := await self.point.inject(request)) is not None:
            return injected
        if self._client is None:
            return _reset(request)
        url = URL(self._origin + request.raw_path, encoded=True)
        body = await request.read()
        headers = [(name, value) for name, value in request.headers.items() if name.lower() not in _HOP_BY_HOP]
        try:
            async with self._client.request(
                request.method, url, headers=headers, data=body or None, allow_redirects=False
            ) as upstream:
                return await _relay(request, upstream)
        except aiohttp.ClientError:
            return _reset(request)


async def _relay(request: web.Request, upstream: aiohttp.ClientResponse) -> web.StreamResponse:
    response = web.StreamResponse(status=upstream.status, reason=upstream.reason)
    for name, value in upstream.headers.items():
        if name.lower() not in _HOP_BY_HOP:
            response.headers.add(name, value)
    await response.prepare(request)
    async for chunk in upstream.content.iter_any():
        await response.write(chunk)
    await response.write_eof()
    return response


def _proxy_page(fault: NetworkFault) -> web.Response:
    headers = {} if fault.retry_after is None else {"Retry-After": str(fault.retry_after)}
    title = f"{fault.status} {HTTPStatus(fault.status).phrase}"
    return web.Response(status=fault.status, text=_PAGE.format(title=title), content_type="text/html", headers=headers)


async def _truncate(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "application/json"})
    response.content_length = _TRUNCATED_LENGTH
    response.force_close()
    await response.prepare(request)
    await response.write(b'{"status":')
    if request.transport is not None:
        request.transport.close()  # sends the buffered bytes first
    return response


def _reset(request: web.Request) -> NoResponse:
    if request.transport is not None:
        sock = request.transport.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # linger 0: close sends RST
        request.transport.abort()
    return NoResponse()
