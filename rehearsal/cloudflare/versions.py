"""Versions of a worker: what was uploaded, whether it serves or not."""

from __future__ import annotations

from collections.abc import Iterable

from aiohttp import web

from rehearsal.cloudflare import uploads, views
from rehearsal.cloudflare.api import Api
from rehearsal.cloudflare.envelope import ApiError, ok

PER_PAGE = 10
MOST_PER_PAGE = 100


def routes(api: Api) -> Iterable[web.RouteDef]:
    """Serve the versions of a worker."""
    return [
        api.route("POST", "workers/scripts/{script}/versions", upload),
        api.route("GET", "workers/scripts/{script}/versions", listing),
        api.route("GET", "workers/scripts/{script}/versions/{version}", show),
    ]


async def upload(api: Api, request: web.Request) -> web.Response:
    """Store a version without any traffic; the runtime must accept it."""
    received = await uploads.read(request)
    async with api.changing:
        worker = api.worker(request)
        version = uploads.version(
            received,
            worker,
            created_on=api.now(),
            source=uploads.source(request),
            triggered_by="version_upload",
            strict=request.query.get("bindings_inherit") == "strict",
        )
        api.require_buckets(version)
        await api.publish(worker.with_version(version), trial=version)
    return ok(views.version_detail(version))


async def listing(api: Api, request: web.Request) -> web.Response:
    """List versions, newest first: ten a page unless ``per_page`` says otherwise."""
    versions = api.worker(request).versions[::-1]
    page = _number(request, "page", 1)
    size = min(_number(request, "per_page", PER_PAGE), MOST_PER_PAGE)
    shown = [views.version_item(version) for version in versions[(page - 1) * size : page * size]]
    info = {"page": page, "per_page": size, "count": len(shown), "total_count": len(versions)}
    return ok({"items": shown}, info=info)


async def show(api: Api, request: web.Request) -> web.Response:
    """Show a version with its resources; raises ApiError 10007."""
    for version in api.worker(request).versions:
        if version.id == request.match_info["version"]:
            return ok(views.version_detail(version))
    raise ApiError(404, 10007, "This version does not exist on your account.")


def _number(request: web.Request, name: str, default: int) -> int:
    text = request.query.get(name, str(default))
    if not text.isdecimal() or int(text) < 1:
        raise ApiError(400, 10021, f"{name} must be a positive number")
    return int(text)
