"""Secrets of a worker: each change makes a version and a deployment; a value goes in and never comes out."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import replace
from typing import Any
from urllib.parse import unquote

from aiohttp import web

from rehearsal.cloudflare import bindings, uploads
from rehearsal.cloudflare.api import Api, json_object
from rehearsal.cloudflare.envelope import ApiError, ok
from rehearsal.cloudflare.state import SECRET, Binding, Worker

PATH = "workers/scripts/{script}/secrets"


def routes(api: Api) -> Iterable[web.RouteDef]:
    """Serve the secrets of a worker."""
    return [
        api.route("GET", PATH, listing),
        api.route("PUT", PATH, put),
        api.route("GET", PATH + "/{secret}", show),
        api.route("DELETE", PATH + "/{secret}", delete),
        api.route("PATCH", PATH + "-bulk", bulk),
    ]


async def listing(api: Api, request: web.Request) -> web.Response:
    """List names and types."""
    return ok(_listed(api.worker(request)))


async def show(api: Api, request: web.Request) -> web.Response:
    """Show name and type of one secret; raises ApiError 10056."""
    name = unquote(request.match_info["secret"])
    for secret in _listed(api.worker(request)):
        if secret["name"] == name:
            return ok(secret)
    raise missing(name)


async def put(api: Api, request: web.Request) -> web.Response:
    """Set one secret."""
    asked = await json_object(request)
    async with api.changing:
        secret = _secret(asked)
        await change(api, request, {secret["name"]: secret})
    return ok({"name": secret["name"], "type": SECRET})


async def delete(api: Api, request: web.Request) -> web.Response:
    """Delete one secret; raises ApiError 10056."""
    name = unquote(request.match_info["secret"])
    async with api.changing:
        if name not in api.worker(request).live.secrets:
            raise missing(name)
        await change(api, request, {name: None})
    return ok(None)


async def bulk(api: Api, request: web.Request) -> web.Response:
    """Set and (by null) delete several secrets in one version: a JSON merge patch of ``{"secrets": {…}}``."""
    asked = (await json_object(request)).get("secrets")
    if not isinstance(asked, dict):
        raise ApiError(400, 10021, "secrets must be an object")
    changes = {name: None if item is None else _secret(item, name=name) for name, item in asked.items()}
    async with api.changing:
        worker = await change(api, request, changes)
    return ok(_listed(worker))


async def change(api: Api, request: web.Request, changes: dict[str, Binding | None]) -> Worker:
    """Make and release the version with these secrets changed; raises ApiError 10215 and 10053."""
    worker = api.worker(request)
    latest = worker.latest
    if latest.id != worker.live.id:
        raise ApiError(
            400,
            10215,
            "Secret edit failed. You attempted to modify a secret, but the latest version of your Worker isn't "
            "currently deployed. Please ensure that the latest version of your Worker is fully deployed.",
        )
    taken = {item["name"] for item in latest.bindings if item["type"] != SECRET}
    for name in changes.keys() & taken:
        raise ApiError(400, 10053, f"Binding name '{name}' already in use. Please use a different name and try again.")
    kept = [item for item in latest.bindings if item["name"] not in changes]
    version = replace(
        latest,
        id=str(uuid.uuid4()),
        number=latest.number + 1,
        created_on=api.now(),
        source=uploads.source(request),
        annotations={"workers/triggered_by": "secret"},
        bindings=(*kept, *(item for item in changes.values() if item is not None)),
    )
    return await api.release(worker, version)


def missing(name: str) -> ApiError:
    """Return the refusal for a secret that is not there."""
    return ApiError(404, 10056, f"Binding '{name}' not found. Please use a different name and try again.")


def _listed(worker: Worker) -> list[dict[str, Any]]:
    return [item for item in bindings.public(worker.live.bindings) if item["type"] == SECRET]


def _secret(asked: Any, **named: str) -> Binding:
    item = {"type": SECRET, **named, **asked} if isinstance(asked, dict) else {}
    if item.get("type") != SECRET:
        raise ApiError(400, 10021, "a secret must be an object of type secret_text")
    (found,) = bindings.resolve({"bindings": [item]}, None, strict=True)
    return found
