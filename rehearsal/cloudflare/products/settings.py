"""Settings of a worker: those of the live version and those of the script."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from aiohttp import web

from rehearsal.cloudflare import bindings, uploads, views
from rehearsal.cloudflare.account import Account, read_json_object
from rehearsal.cloudflare.responses import RefusalError, respond
from rehearsal.cloudflare.state import Binding, Version

VERSION_SETTINGS = ("bindings", "compatibility_date", "compatibility_flags", "placement", "limits")


def make_routes(account: Account) -> Iterable[web.RouteDef]:
    """Return the routes of a worker's settings."""
    return [
        account.make_route("GET", "workers/scripts/{script}/settings", show),
        account.make_route("PATCH", "workers/scripts/{script}/settings", patch),
        account.make_route("GET", "workers/scripts/{script}/script-settings", show_script_settings),
        account.make_route("PATCH", "workers/scripts/{script}/script-settings", patch_script_settings),
    ]


async def show(account: Account, request: web.Request) -> web.Response:
    """Show the settings of the live version without the texts of secrets."""
    return respond(views.show_settings(account.find_worker(request)))


async def show_script_settings(account: Account, request: web.Request) -> web.Response:
    """Show the settings of the script."""
    return respond(views.show_script_settings(account.find_worker(request)))


async def patch_script_settings(account: Account, request: web.Request) -> web.Response:
    """Change settings of the script, without a new version or deployment."""
    asked = await read_json_object(request)
    async with account.changing:
        worker = uploads.change_script_settings(account.find_worker(request), asked)
        account.workers[worker.name] = worker
    return respond(views.show_script_settings(worker))


async def patch(account: Account, request: web.Request) -> web.Response:
    """Change settings. Settings of a version make a new version.

    Raises RefusalError 10214 if the latest version is not deployed.
    """
    asked = await _read_settings(request)
    async with account.changing:
        worker = uploads.change_script_settings(account.find_worker(request), asked)
        if not any(name in asked for name in VERSION_SETTINGS):
            account.workers[worker.name] = worker
        elif worker.latest.id != worker.live.id:
            raise RefusalError(400, 10214, "Settings edit failed: the latest version of your Worker isn't deployed.")
        else:
            worker = await account.release(worker, _make_version(account, request, worker.latest, asked))
    return respond(views.show_settings(worker))


async def _read_settings(request: web.Request) -> dict[str, Any]:
    if not request.content_type.startswith("multipart/"):
        return await read_json_object(request)
    return uploads.parse_json_part(await uploads.read_parts(request), "settings")


def _make_version(account: Account, request: web.Request, latest: Version, asked: Mapping[str, Any]) -> Version:
    version = uploads.change_version(
        account,
        request,
        latest,
        compatibility_date=asked.get("compatibility_date", latest.compatibility_date),
        compatibility_flags=tuple(asked.get("compatibility_flags", latest.compatibility_flags)),
        placement=asked.get("placement") or latest.placement,
        limits=asked.get("limits") or latest.limits,
        bindings=_resolve_bindings(asked, latest),
    )
    account.require_resources(request.match_info["script"], version)
    trigger = "secret" if version.secrets != latest.secrets else "settings"
    return replace(version, annotations={"workers/triggered_by": trigger})


def _resolve_bindings(asked: Mapping[str, Any], latest: Version) -> tuple[Binding, ...]:
    """Return the complete new set. A binding with only name and type is the existing binding."""
    if "bindings" not in asked:
        return latest.bindings
    there = {(item["name"], item["type"]) for item in latest.bindings}
    given = [
        {"type": "inherit", "name": item["name"]}
        if isinstance(item, dict) and item.keys() == {"name", "type"} and (item["name"], item["type"]) in there
        else item
        for item in asked["bindings"]
    ]
    return bindings.resolve_bindings({"bindings": given, "keep_bindings": []}, latest, strict=True)
