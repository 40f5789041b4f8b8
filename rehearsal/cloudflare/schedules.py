"""Cron triggers of a worker; here they are remembered, and fire on request only."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, replace

from aiohttp import web

from rehearsal.cloudflare.api import Api, json_body
from rehearsal.cloudflare.envelope import ApiError, ok
from rehearsal.cloudflare.state import Schedule, Worker

PATH = "workers/scripts/{script}/schedules"
FIELDS = 5


def routes(api: Api) -> Iterable[web.RouteDef]:
    """Serve the cron triggers; there is no DELETE, as at Cloudflare."""
    return [api.route("GET", PATH, show), api.route("PUT", PATH, put)]


async def show(api: Api, request: web.Request) -> web.Response:
    """List the cron triggers."""
    return _shown(api.worker(request))


async def put(api: Api, request: web.Request) -> web.Response:
    """Replace all cron triggers by a bare array of ``{"cron"}``."""
    asked = await json_body(request)
    if not isinstance(asked, list):
        raise ApiError(400, 10021, "the body must be an array of schedules")
    crons = [_cron(item) for item in asked]
    async with api.changing:
        worker = api.worker(request)
        before = {schedule.cron: schedule for schedule in worker.schedules}
        schedules = tuple(
            before.get(cron) or Schedule(cron=cron, created_on=api.now(), modified_on=api.now()) for cron in crons
        )
        worker = replace(worker, schedules=schedules)
        api.workers[worker.name] = worker
    return _shown(worker)


def _cron(item: object) -> str:
    cron = item.get("cron") if isinstance(item, dict) else None
    if not isinstance(cron, str) or len(cron.split()) != FIELDS:
        raise ApiError(400, 10100, "invalid cron string: five fields are needed")
    return cron


def _shown(worker: Worker) -> web.Response:
    return ok({"schedules": [asdict(schedule) for schedule in worker.schedules]})
