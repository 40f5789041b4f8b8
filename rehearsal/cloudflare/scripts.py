"""Workers: upload, list, download, delete."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable

from aiohttp import MultipartWriter, web

from rehearsal.cloudflare import uploads, views
from rehearsal.cloudflare.api import Api
from rehearsal.cloudflare.envelope import ApiError, ok
from rehearsal.cloudflare.state import Version, Worker

NAME = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")


def routes(api: Api) -> Iterable[web.RouteDef]:
    """Serve the scripts of the account."""
    return [
        api.route("GET", "workers/scripts", listing),
        api.route("PUT", "workers/scripts/{script}", upload),
        api.route("GET", "workers/scripts/{script}", download),
        api.route("DELETE", "workers/scripts/{script}", delete),
        api.route("GET", "workers/scripts/{script}/content/v2", content),
    ]


async def listing(api: Api, _request: web.Request) -> web.Response:
    """List every script."""
    return ok([views.script(worker) for _, worker in sorted(api.workers.items())])


async def upload(api: Api, request: web.Request) -> web.Response:
    """Store a version and give it all the traffic; what ran keeps running when it is refused."""
    name = request.match_info["script"]
    if not NAME.fullmatch(name):
        raise ApiError(400, 10016, "A Worker's name must be of at most 63 lower case letters, digits, _ and -.")
    received = await uploads.read(request)
    async with api.changing:
        worker = api.workers.get(name)
        version = uploads.version(
            received,
            worker,
            created_on=api.now(),
            source=uploads.source(request),
            triggered_by="upload",
            strict=request.query.get("bindings_inherit") == "strict",
        )
        api.require_buckets(version)
        created = version.created_on
        worker = worker or Worker(name=name, tag=uuid.uuid4().hex, created_on=created, modified_on=created)
        worker = await api.release(worker, version)
    shown = views.script(worker)
    if request.query.get("excludeScript") != "true":
        shown["script"] = version.main.body.decode(errors="replace")
    return ok(shown)


async def download(api: Api, request: web.Request) -> web.Response:
    """Return the code that serves."""
    return _content(api.worker(request).live)


async def content(api: Api, request: web.Request) -> web.Response:
    """Return the code of a version (``?version=``), by default of the one that serves."""
    worker = api.worker(request)
    wanted = request.query.get("version", worker.live.id)
    found = next((version for version in worker.versions if version.id == wanted), None)
    if found is None:
        raise ApiError(404, 10007, "This version does not exist on your account.")
    return _content(found)


async def delete(api: Api, request: web.Request) -> web.Response:
    """Forget the script and stop serving it."""
    async with api.changing:
        worker = api.worker(request)
        await api.edge.remove(worker.name)
        del api.workers[worker.name]
    return ok(None)


def _content(version: Version) -> web.Response:
    """Return one module raw, several as multipart; ``cf-entrypoint`` names the main one."""
    headers = {"cf-entrypoint": version.main_module, "etag": f'"{version.etag}"'}
    if len(version.modules) == 1:
        headers["content-type"] = version.main.content_type
        return web.Response(body=version.main.body, headers=headers)
    writer = MultipartWriter("form-data")
    for module in version.modules:
        part = writer.append(module.body, {"content-type": module.content_type})
        part.set_content_disposition("form-data", name=module.name, filename=module.name)
    return web.Response(body=writer, headers=headers)
