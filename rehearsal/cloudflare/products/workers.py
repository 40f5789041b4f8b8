"""Workers: the newer view of a worker without its versions. Wrangler reads it before it switches an address."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from aiohttp import web

from rehearsal.cloudflare.account import Account
from rehearsal.cloudflare.responses import RefusalError, respond
from rehearsal.cloudflare.state import WorkerRecord

_REFERENCES = ("dispatch_namespace_outbounds", "domains", "durable_objects", "queues", "workers")


def make_routes(account: Account) -> Iterable[web.RouteDef]:
    """Return the route of a worker by its name or id."""
    return [account.make_route("GET", "workers/workers/{worker}", show)]


async def show(account: Account, request: web.Request) -> web.Response:
    """Show the worker. Raises RefusalError 10007."""
    asked = request.match_info["worker"]
    found = next((worker for worker in account.workers.values() if asked in (worker.name, worker.tag)), None)
    if found is None:
        raise RefusalError(404, 10007, "This Worker does not exist on your account.")
    return respond(_show_worker(account, found))


def _show_worker(account: Account, worker: WorkerRecord) -> dict[str, Any]:
    settings = worker.settings
    consumers = settings.get("tail_consumers") or []
    return {
        "id": worker.tag,
        "name": worker.name,
        "created_on": worker.created_on,
        "updated_on": worker.modified_on,
        "deployed_on": worker.deployments[0].created_on,
        "logpush": bool(settings.get("logpush")),
        "tags": list(settings.get("tags") or []),
        "tail_consumers": [{"name": consumer["service"]} for consumer in consumers],
        "observability": {"enabled": False, **(settings.get("observability") or {})},
        "subdomain": _show_subdomain(account, worker),
        "references": {name: [] for name in _REFERENCES},  # not kept here, and no client of a rehearsal reads them
    }


def _show_subdomain(account: Account, worker: WorkerRecord) -> dict[str, Any]:
    """Return the switches of the address. The address is there where the account has a workers.dev subdomain."""
    shown: dict[str, Any] = {"enabled": worker.enabled, "previews_enabled": worker.previews_enabled}
    if (subdomain := account.access.subdomain) is not None:
        suffix = f"{worker.name}.{subdomain}.workers.dev"
        shown |= {"url": f"https://{suffix}", "preview_url_suffix": f"-{suffix}"}
    return shown
