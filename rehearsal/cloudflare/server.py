"""Serve the local Cloudflare's API on a loopback port: routes, authentication, refusals and a log of requests."""

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

from rehearsal.clock import Clock
from rehearsal.cloudflare import products
from rehearsal.cloudflare.account import BASE, Account
from rehearsal.cloudflare.responses import RefusalError, respond_refusal
from rehearsal.cloudflare.token_access import require_header_form
from rehearsal.edge import Edge
from rehearsal.network_faults import FaultInjectionPoint

MAX_BODY_BYTES = 300 * 1024 * 1024

_log = logging.getLogger(__name__)
_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestLine:
    """One request without its headers, query and body. ``code`` is the code of a refusal, or 0."""

    method: str
    path: str
    status: int
    code: int = 0


class LocalCloudflare:
    """A Cloudflare account on this machine, in front of a running edge.

    ``network`` is the fault injection point in front of the API. ``clock`` is the rehearsal's time.
    """

    def __init__(self, *, edge: Edge, account_id: str, api_token: str, clock: Clock | None = None) -> None:
        self.requests: list[RequestLine] = []
        self.network = FaultInjectionPoint()
        self._clock = Clock() if clock is None else clock
        self._account = Account(edge=edge, account_id=account_id, clock=self._clock.now)
        self._token = api_token
        self._runner: web.AppRunner | None = None

    @property
    def account(self) -> Account:
        """Return the account. It contains frozen data, so that a rehearsal can restore an earlier state."""
        return self._account

    async def start(self) -> str:
        """Start serving on a free loopback port and return the API's base URL."""
        app = web.Application(client_max_size=MAX_BODY_BYTES, middlewares=[self._serve])
        app.on_response_prepare.append(self._clock.date_response)
        for make_routes in find_products():
            app.router.add_routes(make_routes(self._account))
        # A body with `Content-Encoding: gzip` is an object's content, and decompression would change the stored bytes.
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1, auto_decompress=False)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        await self._account.broker.start()
        return f"http://127.0.0.1:{self._runner.addresses[0][1]}{BASE}"

    async def stop(self) -> None:
        """Close open connections and stop serving. The edge goes on."""
        await self._account.broker.stop()
        for stop in self._account.on_stop:
            await stop()
        if self._runner:
            await self._runner.cleanup()

    def pass_trace(self, script_name: str, item: dict[str, Any]) -> None:
        """Pass the TraceItem of a finished invocation to the tails of the script, for ``Edge.start(on_trace=…)``."""
        for listener in self._account.on_trace:
            listener(script_name, item)

    @web.middleware
    async def _serve(self, request: web.Request, handler: _Handler) -> web.StreamResponse:
        code = 0
        response = await self.network.inject(request)
        if response is None:
            try:
                response = await self._answer(request, handler)
            except RefusalError as refusal:
                code, response = refusal.code, respond_refusal(refusal)
        line = RequestLine(method=request.method, path=request.path, status=response.status, code=code)
        self.requests.append(line)
        return response

    async def _answer(self, request: web.Request, handler: _Handler) -> web.StreamResponse:
        try:
            if request.path.startswith(BASE):
                self._authorise(request)
            return await handler(request)
        except RefusalError:
            raise
        except (web.HTTPNotFound, web.HTTPMethodNotAllowed):
            raise _refuse_route(request) from None
        except web.HTTPRequestEntityTooLarge:
            raise RefusalError(413, 100100, "The body is larger than 300 MiB.") from None
        except Exception as error:  # noqa: BLE001 - a traceback may contain a secret, so no client may see it
            place = _find_place(error)
            _log.error("%s %s failed: %s at %s", request.method, request.path, type(error).__name__, place)
            raise RefusalError(500, 10013, "The local Cloudflare failed. Its log shows the place.") from None

    def _authorise(self, request: web.Request) -> None:
        scheme, _, token = request.headers.get(hdrs.AUTHORIZATION, "").partition(" ")
        if not token:
            raise RefusalError(400, 9106, "Missing X-Auth-Key, X-Auth-Email or Authorization headers")
        require_header_form(scheme, token)
        if not hmac.compare_digest(token.encode(), self._token.encode()):
            raise RefusalError(403, 10000, "Authentication error")
        account = re.match(rf"{BASE}/accounts/([0-9a-f]{{32}})(/|$)", request.path)
        if account and account[1] != self._account.account_id:
            raise RefusalError(403, 10000, "Authentication error")
        self._account.access.authorise(request.path)


def find_products() -> Iterator[Callable[[Account], Iterable[web.RouteDef]]]:
    """Yield ``make_routes`` of each module in ``products``. A new product is a new file there."""
    for found in pkgutil.iter_modules(products.__path__):
        yield importlib.import_module(f"{products.__name__}.{found.name}").make_routes


def _refuse_route(request: web.Request) -> RefusalError:
    """Return Cloudflare's refusal of an unknown route."""
    return RefusalError(404, 7003, f"Could not route to {request.path}, perhaps your object identifier is invalid?")


def _find_place(error: Exception) -> str:
    trace = error.__traceback__
    while trace and trace.tb_next:
        trace = trace.tb_next
    return f"{Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}" if trace else "?"
