"""Deployments of a worker: the versions that serve requests, and their percentages."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from aiohttp import web

from rehearsal.cloudflare import uploads, views
from rehearsal.cloudflare.account import Account, find_version, read_json_object, read_number
from rehearsal.cloudflare.responses import RefusalError, respond
from rehearsal.cloudflare.state import Share, Version, WorkerRecord

PER_PAGE = 10
MAX_PER_PAGE = 100
MAX_SHARES = 2


def make_routes(account: Account) -> Iterable[web.RouteDef]:
    """Return the routes of a worker's deployments."""
    return [
        account.make_route("POST", "workers/scripts/{script}/deployments", create),
        account.make_route("GET", "workers/scripts/{script}/deployments", list_all),
        account.make_route("GET", "workers/scripts/{script}/deployments/{deployment}", show),
    ]


async def list_all(account: Account, request: web.Request) -> web.Response:
    """List deployments, the live one first, ten per page unless ``per_page`` says otherwise."""
    page, size = read_number(request, "page", 1), min(read_number(request, "per_page", PER_PAGE), MAX_PER_PAGE)
    shown = account.find_worker(request).deployments[(page - 1) * size : page * size]
    return respond({"deployments": [views.show_deployment(item) for item in shown]})


async def show(account: Account, request: web.Request) -> web.Response:
    """Show a deployment. Raises RefusalError 10007."""
    for deployment in account.find_worker(request).deployments:
        if deployment.id == request.match_info["deployment"]:
            return respond(views.show_deployment(deployment))
    raise RefusalError(404, 10007, "This deployment does not exist on your account.")


async def create(account: Account, request: web.Request) -> web.Response:
    """Give versions their shares of the requests.

    Raises RefusalError 10220, unless ``?force=true``, if an older version with other secrets would serve again.
    """
    asked = await read_json_object(request)
    async with account.changing:
        worker = account.find_worker(request)
        shares = _read_shares(asked.get("versions"), worker)
        if request.query.get("force") != "true":
            _refuse_changed_secrets(shares, worker)
        deployment = account.make_deployment(
            shares,
            source=uploads.read_source(request),
            annotations=uploads.annotate(asked.get("annotations"), "deployment"),
        )
        await account.publish(worker.with_deployment(deployment))
    return respond(views.show_deployment(deployment))


def _read_shares(asked: Any, worker: WorkerRecord) -> tuple[Share, ...]:
    if not isinstance(asked, list) or not 1 <= len(asked) <= MAX_SHARES:
        raise RefusalError(400, 10021, "a deployment has one or two versions")
    shares = []
    for item in asked:
        version_id, percentage = (item.get("version_id"), item.get("percentage")) if isinstance(item, dict) else (0, 0)
        version = find_version(worker, version_id)
        if not isinstance(percentage, int | float):
            raise RefusalError(400, 10021, "a version's percentage must be a number")
        shares.append(Share(version_id=version.id, percentage=percentage))
    if not math.isclose(sum(share.percentage for share in shares), 100):
        raise RefusalError(400, 10021, "the percentages of a deployment must add up to 100")
    return tuple(shares)


def _refuse_changed_secrets(shares: tuple[Share, ...], worker: WorkerRecord) -> None:
    live = worker.live
    for version in worker.versions:
        older = any(share.version_id == version.id for share in shares) and version.number < live.number
        changed = _find_changed_secrets(version, live) if older else []
        if changed:
            raise RefusalError(
                400,
                10220,
                "A secret has changed since this version was active. If you are sure this is ok, add a ?force=true "
                f"query parameter to allow the rollback. The following secrets have changed: {', '.join(changed)}",
            )


def _find_changed_secrets(old: Version, new: Version) -> list[str]:
    names = old.secrets.keys() | new.secrets.keys()
    return sorted(name for name in names if old.secrets.get(name) != new.secrets.get(name))
