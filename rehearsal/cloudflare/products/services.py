"""Services: an older view of a worker, which deployment tools read first."""

from __future__ import annotations

from collections.abc import Iterable

from aiohttp import web

from rehearsal.cloudflare import views
from rehearsal.cloudflare.account import Account
from rehearsal.cloudflare.products import scripts
from rehearsal.cloudflare.responses import RefusalError, respond


def make_routes(account: Account) -> Iterable[web.RouteDef]:
    """Return the routes of a worker as a service with one environment."""
    return [
        account.make_route("GET", "workers/services/{script}", show),
        account.make_route("DELETE", "workers/services/{script}", scripts.delete),
    ]


async def show(account: Account, request: web.Request) -> web.Response:
    """Show the service. Raises RefusalError 10090."""
    worker = account.workers.get(request.match_info["script"])
    if worker is None:
        raise RefusalError(404, 10090, "This service does not exist on your account.")
    dates = {"created_on": worker.created_on, "modified_on": worker.modified_on}
    environment = {"environment": "production", "script_tag": worker.tag, "script": views.show_script(worker), **dates}
    return respond({"id": worker.name, "default_environment": environment, "environments": [environment], **dates})
