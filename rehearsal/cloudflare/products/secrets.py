"""Secrets of a worker. Each change makes a version and a deployment. No response contains a value."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from urllib.parse import unquote

from aiohttp import web

from rehearsal.cloudflare import bindings, uploads
from rehearsal.cloudflare.account import Account, read_json_object
from rehearsal.cloudflare.responses import RefusalError, respond
from rehearsal.cloudflare.state import SECRET, Binding, WorkerRecord

PATH = "workers/scripts/{script}/secrets"


def make_routes(account: Account) -> Iterable[web.RouteDef]:
    """Return the routes of a worker's secrets."""
    return [
        account.make_route("GET", PATH, list_all),
        account.make_route("PUT", PATH, put),
        account.make_route("GET", PATH + "/{secret}", show),
        account.make_route("DELETE", PATH + "/{secret}", delete),
        account.make_route("PATCH", PATH + "-bulk", change_many),
    ]


async def list_all(account: Account, request: web.Request) -> web.Response:
    """List names and types."""
    return respond(_list_secrets(account.find_worker(request)))


async def show(account: Account, request: web.Request) -> web.Response:
    """Show name and type of one secret. Raises RefusalError 10056."""
    name = unquote(request.match_info["secret"])
    for secret in _list_secrets(account.find_worker(request)):
        if secret["name"] == name:
            return respond(secret)
    raise refuse_missing(name)


async def put(account: Account, request: web.Request) -> web.Response:
    """Set one secret."""
    asked = await read_json_object(request)
    async with account.changing:
        secret = _check_secret(asked)
        await release_changes(account, request, {secret["name"]: secret})
    return respond({"name": secret["name"], "type": SECRET})


async def delete(account: Account, request: web.Request) -> web.Response:
    """Delete one secret. Raises RefusalError 10056."""
    name = unquote(request.match_info["secret"])
    async with account.changing:
        if name not in account.find_worker(request).live.secrets:
            raise refuse_missing(name)
        await release_changes(account, request, {name: None})
    return respond(None)


async def change_many(account: Account, request: web.Request) -> web.Response:
    """Set and (by null) delete several secrets in one version, by a JSON merge patch of ``{"secrets": {…}}``."""
    asked = (await read_json_object(request)).get("secrets")
    if not isinstance(asked, dict):
        raise RefusalError(400, 10021, "secrets must be an object")
    changes = {name: None if item is None else _check_secret(item, name=name) for name, item in asked.items()}
    async with account.changing:
        worker = await release_changes(account, request, changes)
    return respond(_list_secrets(worker))


async def release_changes(account: Account, request: web.Request, changes: dict[str, Binding | None]) -> WorkerRecord:
    """Make and release a version with these changed secrets. Raises RefusalError 10215 and 10053."""
    worker = account.find_worker(request)
    latest = worker.latest
    if latest.id != worker.live.id:
        raise RefusalError(
            400,
            10215,
            "Secret edit failed. You attempted to modify a secret, but the latest version of your Worker isn't "
            "currently deployed. Please ensure that the latest version of your Worker is fully deployed.",
        )
    taken = {item["name"] for item in latest.bindings if item["type"] != SECRET}
    for name in changes.keys() & taken:
        raise bindings.refuse_used_name(name)
    kept = [item for item in latest.bindings if item["name"] not in changes]
    version = uploads.change_version(
        account,
        request,
        latest,
        annotations={"workers/triggered_by": "secret"},
        bindings=bindings.check_count((*kept, *(item for item in changes.values() if item is not None))),
    )
    return await account.release(worker, version)


def refuse_missing(name: str) -> RefusalError:
    """Return the refusal for an absent secret."""
    return RefusalError(404, 10056, f"Binding '{name}' not found. Please use a different name and try again.")


def _list_secrets(worker: WorkerRecord) -> list[dict[str, Any]]:
    return [item for item in bindings.show_bindings(worker.live.bindings) if item["type"] == SECRET]


def _check_secret(asked: Any, **named: str) -> Binding:
    item = {"type": SECRET, **named, **asked} if isinstance(asked, dict) else {}
    if item.get("type") != SECRET:
        raise RefusalError(400, 10021, "a secret must be an object of type secret_text")
    (found,) = bindings.resolve_bindings({"bindings": [item]}, None, strict=True)
    return found
