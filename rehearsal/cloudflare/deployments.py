"""Deployments of a worker: which versions serve, and in what proportion."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from aiohttp import web

from rehearsal.cloudflare import uploads, views
from rehearsal.cloudflare.api import Api, json_object
from rehearsal.cloudflare.envelope import ApiError, ok
from rehearsal.cloudflare.state import Share, Version, Worker

SHOWN = 10
MOST_SHARES = 2


def routes(api: Api) -> Iterable[web.RouteDef]:
    """Serve the deployments of a worker."""
    return [
        api.route("POST", "workers/scripts/{script}/deployments", create),
        api.route("GET", "workers/scripts/{script}/deployments", listing),
    ]


async def listing(api: Api, request: web.Request) -> web.Response:
    """List the ten latest deployments, the live one first."""
    return ok({"deployments": [views.deployment(item) for item in api.worker(request).deployments[:SHOWN]]})


async def create(api: Api, request: web.Request) -> web.Response:
    """Give versions their shares of the traffic.

    Raises ApiError 10220, unless ``?force=true``, when an older version with other secrets would serve again.
    """
    asked = await json_object(request)
    async with api.changing:
        worker = api.worker(request)
        shares = _shares(asked.get("versions"), worker)
        if request.query.get("force") != "true":
            _refuse_changed_secrets(shares, worker)
        deployment = api.deployment(
            shares,
            source=uploads.source(request),
            annotations=uploads.annotate(asked.get("annotations"), "deployment"),
        )
        await api.publish(worker.with_deployment(deployment))
    return ok(views.deployment(deployment))


def _shares(asked: Any, worker: Worker) -> tuple[Share, ...]:
    known = {version.id for version in worker.versions}
    if not isinstance(asked, list) or not 1 <= len(asked) <= MOST_SHARES:
        raise ApiError(400, 10021, "a deployment has one or two versions")
    shares = []
    for item in asked:
        version_id, percentage = (item.get("version_id"), item.get("percentage")) if isinstance(item, dict) else (0, 0)
        if version_id not in known:
            raise ApiError(404, 10007, "This version does not exist on your account.")
        if not isinstance(percentage, int | float):
            raise ApiError(400, 10021, "a version's percentage must be a number")
        shares.append(Share(version_id=version_id, percentage=percentage))
    if not math.isclose(sum(share.percentage for share in shares), 100):
        raise ApiError(400, 10021, "the percentages of a deployment must add up to 100")
    return tuple(shares)


def _refuse_changed_secrets(shares: tuple[Share, ...], worker: Worker) -> None:
    live = worker.live
    for version in worker.versions:
        older = any(share.version_id == version.id for share in shares) and version.number < live.number
        changed = _changed_secrets(version, live) if older else []
        if changed:
            raise ApiError(
                400,
                10220,
                "A secret has changed since this version was active. If you are sure this is ok, add a ?force=true "
                f"query parameter to allow the rollback. The following secrets have changed: {', '.join(changed)}",
            )


def _changed_secrets(old: Version, new: Version) -> list[str]:
    names = old.secrets.keys() | new.secrets.keys()
    return sorted(name for name in names if old.secrets.get(name) != new.secrets.get(name))
