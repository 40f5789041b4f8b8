"""Serve the local Cloudflare's API on a loopback port: routes, authentication, one form of refusal, a request log."""

from __future__ import annotations

import hmac
import importlib
import logging
import pkgutil
import re
from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiohttp import hdrs, web

from rehearsal.cloudflare.api import BASE, Api
from rehearsal.cloudflare.envelope import ApiError, refusal
from rehearsal.cloudflare.road import meet
from rehearsal.edge import Edge
from rehearsal.trouble import Road

LARGEST_BODY = 300 * 1024 * 1024

_log = logging.getLogger(__name__)
_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestLine:
    """One request, for diagnosis: never a header, a query or a body; ``code`` is that of a refusal, or 0."""

    method: str
    path: str
    status: int
    code: int = 0


class LocalCloudflare:
    """A Cloudflare account on this machine, in front of a running edge.

    ``road.trouble`` is what requests to the API meet on their way, on request.
    """

    def __init__(self, *, edge: Edge, account_id: str, api_token: str) -> None:
        self.requests: list[RequestLine] = []
        self.road = Road()
        self._api = Api(edge=edge, account_id=account_id)
        self._token = api_token
        self._runner: web.AppRunner | None = None

    @property
    def account(self) -> Api:
        """Return what it remembers: frozen data, for a rehearsal that puts an earlier state back."""
        return self._api

    async def start(self) -> str:
        """Start serving on a free loopback port and return the API's base URL."""
        app = web.Application(client_max_size=LARGEST_BODY, middlewares=[self._serve])
        for product in products():
            app.router.add_routes(product(self._api))
        # A body that says `Content-Encoding: gzip` is an object's own: decompressing it would change what is stored.
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1, auto_decompress=False)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        return f"http://127.0.0.1:{self._runner.addresses[0][1]}{BASE}"

    async def stop(self) -> None:
        """Close what is open and stop serving; the edge goes on."""
        for stop in self._api.on_stop:
            await stop()
        if self._runner:
            await self._runner.cleanup()

    def trace(self, script_name: str, item: dict[str, Any]) -> None:
        """Hand a finished invocation's TraceItem to whoever tails the script; for ``Edge.start(on_trace=…)``."""
        for listener in self._api.on_trace:
            listener(script_name, item)

    @web.middleware
    async def _serve(self, request: web.Request, handler: _Handler) -> web.StreamResponse:
        code = 0
        try:
            response = await self._answer(request, handler)
        except ApiError as error:
            code, response = error.code, refusal(error)
        line = RequestLine(method=request.method, path=request.path, status=response.status, code=code)
        self.requests.append(line)
        return response

    async def _answer(self, request: web.Request, handler: _Handler) -> web.StreamResponse:
        try:
            if (met := await meet(request, self.road.next())) is not None:
                return met
            if request.path.startswith(BASE):
                self._authorise(request)
            return await handler(request)
        except ApiError:
            raise
        except (web.HTTPNotFound, web.HTTPMethodNotAllowed):
            raise no_route(request) from None
        except web.HTTPRequestEntityTooLarge:
            raise ApiError(413, 100100, "The body is larger than 300 MiB.") from None
        except Exception as error:  # noqa: BLE001  no client may see a traceback, and its text may hold a secret
            _log.error("%s %s failed: %s at %s", request.method, request.path, type(error).__name__, _place(error))
            raise ApiError(500, 10013, "The local Cloudflare failed; its log says where.") from None

    def _authorise(self, request: web.Request) -> None:
        scheme, _, token = request.headers.get(hdrs.AUTHORIZATION, "").partition(" ")
        if not token:
            raise ApiError(400, 9106, "Missing X-Auth-Key, X-Auth-Email or Authorization headers")
        if scheme.lower() != "bearer" or not hmac.compare_digest(token.encode(), self._token.encode()):
            raise ApiError(403, 10000, "Authentication error")
        account = re.match(rf"{BASE}/accounts/([0-9a-f]{{32}})(/|$)", request.path)
        if account and account[1] != self._api.account_id:
            raise ApiError(403, 10000, "Authentication error")


def products() -> Iterator[Callable[[Api], Iterable[web.RouteDef]]]:
    """Find every module of this package that has ``routes``: a new product is a new file, nothing else."""
    for found in pkgutil.iter_modules([str(Path(__file__).parent)]):
        module = importlib.import_module(f"{__package__}.{found.name}")
        if hasattr(module, "routes"):
            yield module.routes


def no_route(request: web.Request) -> ApiError:
    """Return Cloudflare's refusal of what it does not know."""
    return ApiError(404, 7003, f"Could not route to {request.path}, perhaps your object identifier is invalid?")


def _place(error: Exception) -> str:
    trace = error.__traceback__
    while trace and trace.tb_next:
        trace = trace.tb_next
    return f"{Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}" if trace else "?"
