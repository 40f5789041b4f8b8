"""Versions of a worker, deployed or not."""

from __future__ import annotations

from collections.abc import Iterable

from aiohttp import web

from rehearsal.cloudflare import uploads, views
from rehearsal.cloudflare.account import Account, find_version, read_number
from rehearsal.cloudflare.responses import respond

PER_PAGE = 10
MAX_PER_PAGE = 100


def make_routes(account: Account) -> Iterable[web.RouteDef]:
    """Return the routes of a worker's versions."""
    return [
        account.make_route("POST", "workers/scripts/{script}/versions", upload),
        account.make_route("GET", "workers/scripts/{script}/versions", list_all),
        account.make_route("GET", "workers/scripts/{script}/versions/{version}", show),
    ]


async def upload(account: Account, request: web.Request) -> web.Response:
    """Store a version without requests. The runtime must accept it."""
    received = await uploads.read_upload(request)
    async with account.changing:
        worker = account.find_worker(request)
        version = uploads.make_version(account, request, received, worker, triggered_by="version_upload")
        account.require_resources(worker.name, version)
        await account.publish(worker.with_version(version), trial=version)
    return respond(views.show_version(version))


async def list_all(account: Account, request: web.Request) -> web.Response:
    """List versions, newest first, ten per page unless ``per_page`` says otherwise."""
    versions = account.find_worker(request).versions[::-1]
    page = read_number(request, "page", 1)
    size = min(read_number(request, "per_page", PER_PAGE), MAX_PER_PAGE)
    shown = [views.show_version_item(version) for version in versions[(page - 1) * size : page * size]]
    info = {"page": page, "per_page": size, "count": len(shown), "total_count": len(versions)}
    return respond({"items": shown}, info=info)


async def show(account: Account, request: web.Request) -> web.Response:
    """Show a version with its resources. Raises RefusalError 10007."""
    return respond(views.show_version(find_version(account.find_worker(request), request.match_info["version"])))
