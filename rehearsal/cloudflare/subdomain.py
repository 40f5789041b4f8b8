"""The switch that puts a worker on workers.dev, which here is its address at the local edge."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from aiohttp import web

from rehearsal.cloudflare.api import Api, json_object
from rehearsal.cloudflare.envelope import ApiError, ok
from rehearsal.cloudflare.state import Worker

PATH = "workers/scripts/{script}/subdomain"


def routes(api: Api) -> Iterable[web.RouteDef]:
    """Serve the switch."""
    return [api.route("GET", PATH, show), api.route("POST", PATH, switch), api.route("DELETE", PATH, switch_off)]


async def show(api: Api, request: web.Request) -> web.Response:
    """Show whether the worker can be reached."""
    return _shown(api.worker(request))


async def switch(api: Api, request: web.Request) -> web.Response:
    """Switch on or off."""
    asked = await json_object(request)
    enabled = asked.get("enabled")
    if not isinstance(enabled, bool):
        raise ApiError(400, 10021, "`enabled` must be true or false")
    return await _set(api, request, enabled=enabled, previews=asked.get("previews_enabled") is True)


async def switch_off(api: Api, request: web.Request) -> web.Response:
    """Switch off."""
    return await _set(api, request, enabled=False, previews=False)


async def _set(api: Api, request: web.Request, *, enabled: bool, previews: bool) -> web.Response:
    async with api.changing:
        before = api.worker(request)
        worker = replace(before, enabled=enabled, previews_enabled=previews)
        if worker.enabled == before.enabled:
            api.workers[worker.name] = worker
        else:
            await api.publish(worker)
    return _shown(worker)


def _shown(worker: Worker) -> web.Response:
    return ok({"enabled": worker.enabled, "previews_enabled": worker.previews_enabled})
