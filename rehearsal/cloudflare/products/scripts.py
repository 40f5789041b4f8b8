"""Scripts of workers: upload, list, download and delete."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable

from aiohttp import MultipartWriter, web

from rehearsal.cloudflare import uploads, views
from rehearsal.cloudflare.account import Account, find_version
from rehearsal.cloudflare.responses import RefusalError, respond
from rehearsal.cloudflare.state import Version, WorkerRecord

NAME = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")


def make_routes(account: Account) -> Iterable[web.RouteDef]:
    """Return the routes of the account's scripts."""
    return [
        account.make_route("GET", "workers/scripts", list_all),
        account.make_route("PUT", "workers/scripts/{script}", upload),
        account.make_route("GET", "workers/scripts/{script}", download),
        account.make_route("DELETE", "workers/scripts/{script}", delete),
        account.make_route("GET", "workers/scripts/{script}/content/v2", show_content),
    ]


async def list_all(account: Account, _request: web.Request) -> web.Response:
    """List every script."""
    return respond([views.show_script(worker) for _, worker in sorted(account.workers.items())])


async def upload(account: Account, request: web.Request) -> web.Response:
    """Store a version and send it all requests. When it is refused, the earlier version still runs."""
    name = request.match_info["script"]
    if not NAME.fullmatch(name):
        raise RefusalError(400, 10016, "A Worker's name must be of at most 63 lower case letters, digits, _ and -.")
    received = await uploads.read_upload(request)
    async with account.changing:
        worker = account.workers.get(name)
        version = uploads.make_version(account, request, received, worker, triggered_by="upload")
        account.require_resources(name, version)
        created = version.created_on
        worker = worker or WorkerRecord(name=name, tag=uuid.uuid4().hex, created_on=created, modified_on=created)
        worker = await account.release(uploads.change_script_settings(worker, received.metadata), version)
    shown = views.show_script(worker)
    if request.query.get("excludeScript") != "true":
        shown["script"] = version.main.body.decode(errors="replace")
    return respond(shown)


async def download(account: Account, request: web.Request) -> web.Response:
    """Return the live code."""
    return _respond_content(account.find_worker(request).live)


async def show_content(account: Account, request: web.Request) -> web.Response:
    """Return the code of a version (``?version=``, default: the live one)."""
    worker = account.find_worker(request)
    return _respond_content(find_version(worker, request.query.get("version", worker.live.id)))


async def delete(account: Account, request: web.Request) -> web.Response:
    """Delete the script and stop serving it. Raises RefusalError 10064 for the consumer of a queue, also by force."""
    async with account.changing:
        worker = account.find_worker(request)
        if account.list_consumed_queues(worker.name):
            text = (
                "Cannot delete this Worker as it is a consumer for a Queue. Remove it from the Queue's consumers first"
            )
            raise RefusalError(400, 10064, f"{text}, then retry.")
        await account.edge.remove(worker.name)
        del account.workers[worker.name]
    return respond(None)


def _respond_content(version: Version) -> web.Response:
    """Return one module as its bytes, and several as multipart. ``cf-entrypoint`` names the main module."""
    headers = {"cf-entrypoint": version.main_module, "etag": f'"{version.etag}"'}
    if len(version.modules) == 1:
        headers["content-type"] = version.main.content_type
        return web.Response(body=version.main.body, headers=headers)
    writer = MultipartWriter("form-data")
    for module in version.modules:
        part = writer.append(module.body, {"content-type": module.content_type})
        part.set_content_disposition("form-data", name=module.name, filename=module.name)
    return web.Response(body=writer, headers=headers)
