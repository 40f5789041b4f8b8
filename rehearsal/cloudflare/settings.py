"""Settings of a worker: those of the version that serves, and those that belong to the script itself."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from aiohttp import web

from rehearsal.cloudflare import bindings, uploads, views
from rehearsal.cloudflare.api import Api, json_object
from rehearsal.cloudflare.envelope import ApiError, ok
from rehearsal.cloudflare.state import Binding, Version, Worker

OF_THE_SCRIPT = ("logpush", "tail_consumers", "observability", "tags")
OF_A_VERSION = ("bindings", "compatibility_date", "compatibility_flags", "placement", "limits")


def routes(api: Api) -> Iterable[web.RouteDef]:
    """Serve the settings of a worker."""
    return [
        api.route("GET", "workers/scripts/{script}/settings", show),
        api.route("PATCH", "workers/scripts/{script}/settings", patch),
        api.route("GET", "workers/scripts/{script}/script-settings", show_script_settings),
        api.route("PATCH", "workers/scripts/{script}/script-settings", patch_script_settings),
    ]


async def show(api: Api, request: web.Request) -> web.Response:
    """Show the settings of what serves, without any secret's text."""
    return ok(views.settings(api.worker(request)))


async def show_script_settings(api: Api, request: web.Request) -> web.Response:
    """Show the settings that are not versioned."""
    return ok(views.script_settings(api.worker(request)))


async def patch_script_settings(api: Api, request: web.Request) -> web.Response:
    """Change settings that are not versioned: no version, no deployment."""
    asked = await json_object(request)
    async with api.changing:
        worker = _with_script_settings(api.worker(request), asked)
        api.workers[worker.name] = worker
    return ok(views.script_settings(worker))


async def patch(api: Api, request: web.Request) -> web.Response:
    """Change settings; what is versioned makes a version. Raises ApiError 10214 when the latest does not serve."""
    asked = await _asked(request)
    async with api.changing:
        worker = _with_script_settings(api.worker(request), asked)
        if not any(name in asked for name in OF_A_VERSION):
            api.workers[worker.name] = worker
        elif worker.latest.id != worker.live.id:
            raise ApiError(400, 10214, "Settings edit failed: the latest version of your Worker isn't deployed.")
        else:
            worker = await api.release(worker, _version(api, request, worker.latest, asked))
    return ok(views.settings(worker))


async def _asked(request: web.Request) -> dict[str, Any]:
    if not request.content_type.startswith("multipart/"):
        return await json_object(request)
    part = (await uploads.parts(request)).get("settings")
    try:
        data = json.loads(part.body) if part else None
    except ValueError:
        data = None
    if not isinstance(data, dict):
        raise ApiError(400, 10021, "The body has no part `settings` that is a JSON object.")
    return data


def _version(api: Api, request: web.Request, latest: Version, asked: Mapping[str, Any]) -> Version:
    version = replace(
        latest,
        id=str(uuid.uuid4()),
        number=latest.number + 1,
        created_on=api.now(),
        source=uploads.source(request),
        compatibility_date=asked.get("compatibility_date", latest.compatibility_date),
        compatibility_flags=tuple(asked.get("compatibility_flags", latest.compatibility_flags)),
        placement=asked.get("placement") or latest.placement,
        limits=asked.get("limits") or latest.limits,
        bindings=_bindings(asked, latest),
    )
    api.require_buckets(version)
    trigger = "secret" if version.secrets != latest.secrets else "settings"
    return replace(version, annotations={"workers/triggered_by": trigger})


def _bindings(asked: Mapping[str, Any], latest: Version) -> tuple[Binding, ...]:
    """Return the set asked for, whole; a binding with name and type alone is the one that is there already."""
    if "bindings" not in asked:
        return latest.bindings
    there = {(item["name"], item["type"]) for item in latest.bindings}
    given = [
        {"type": "inherit", "name": item["name"]}
        if isinstance(item, dict) and item.keys() == {"name", "type"} and (item["name"], item["type"]) in there
        else item
        for item in asked["bindings"]
    ]
    return bindings.resolve({"bindings": given, "keep_bindings": []}, latest, strict=True)


def _with_script_settings(worker: Worker, asked: Mapping[str, Any]) -> Worker:
    changed = {name: asked[name] for name in OF_THE_SCRIPT if name in asked}
    return replace(worker, settings={**worker.settings, **changed})
