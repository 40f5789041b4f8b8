"""Services: the older view of a worker, which deployment tools ask first."""

from __future__ import annotations

from collections.abc import Iterable

from aiohttp import web

from rehearsal.cloudflare import scripts, views
from rehearsal.cloudflare.api import Api
from rehearsal.cloudflare.envelope import ApiError, ok


def routes(api: Api) -> Iterable[web.RouteDef]:
    """Serve a worker as a service with one environment."""
    return [
        api.route("GET", "workers/services/{script}", show),
        api.route("DELETE", "workers/services/{script}", scripts.delete),
    ]


async def show(api: Api, request: web.Request) -> web.Response:
    """Show the service; raises ApiError 10090."""
    worker = api.workers.get(request.match_info["script"])
    if worker is None:
        raise ApiError(404, 10090, "This service does not exist on your account.")
    dates = {"created_on": worker.created_on, "modified_on": worker.modified_on}
    environment = {"environment": "production", "script_tag": worker.tag, "script": views.script(worker), **dates}
    return ok({"id": worker.name, "default_environment": environment, "environments": [environment], **dates})
