"""The switch of a worker's workers.dev address, here its address at the local edge."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from aiohttp import web

from rehearsal.cloudflare.account import Account, read_json_object
from rehearsal.cloudflare.responses import RefusalError, respond
from rehearsal.cloudflare.state import WorkerRecord

PATH = "workers/scripts/{script}/subdomain"


def make_routes(account: Account) -> Iterable[web.RouteDef]:
    """Return the routes of the switch."""
    return [
        account.make_route("GET", PATH, show),
        account.make_route("POST", PATH, switch),
        account.make_route("DELETE", PATH, switch_off),
    ]


async def show(account: Account, request: web.Request) -> web.Response:
    """Show whether the address is enabled."""
    return _respond_switch(account.find_worker(request))


async def switch(account: Account, request: web.Request) -> web.Response:
    """Switch the address on or off."""
    asked = await read_json_object(request)
    enabled = asked.get("enabled")
    if not isinstance(enabled, bool):
        raise RefusalError(400, 10021, "`enabled` must be true or false")
    return await _set(account, request, enabled=enabled, previews=asked.get("previews_enabled") is True)


async def switch_off(account: Account, request: web.Request) -> web.Response:
    """Switch the address off."""
    return await _set(account, request, enabled=False, previews=False)


async def _set(account: Account, request: web.Request, *, enabled: bool, previews: bool) -> web.Response:
    async with account.changing:
        before = account.find_worker(request)
        worker = replace(before, enabled=enabled, previews_enabled=previews)
        if worker.enabled == before.enabled:
            account.workers[worker.name] = worker
        else:
            await account.publish(worker)
    return _respond_switch(worker)


def _respond_switch(worker: WorkerRecord) -> web.Response:
    return respond({"enabled": worker.enabled, "previews_enabled": worker.previews_enabled})
