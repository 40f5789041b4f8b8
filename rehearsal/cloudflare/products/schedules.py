"""Cron triggers of a worker. The local Cloudflare stores them, and `rehearsal/clock/crons.py` fires them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, replace

from aiohttp import web

from contract.cron.dialect import find_broken_field
from rehearsal.cloudflare.account import Account, read_json
from rehearsal.cloudflare.responses import RefusalError, respond
from rehearsal.cloudflare.state import Schedule, WorkerRecord

PATH = "workers/scripts/{script}/schedules"


def make_routes(account: Account) -> Iterable[web.RouteDef]:
    """Return the routes of the cron triggers. DELETE does not exist, as at Cloudflare."""
    return [account.make_route("GET", PATH, show), account.make_route("PUT", PATH, put)]


async def show(account: Account, request: web.Request) -> web.Response:
    """List the cron triggers."""
    return _respond_schedules(account.find_worker(request))


async def put(account: Account, request: web.Request) -> web.Response:
    """Replace all cron triggers by a bare array of ``{"cron"}``."""
    asked = await read_json(request)
    if not isinstance(asked, list):
        raise RefusalError(400, 10021, "the body must be an array of schedules")
    crons = [_read_cron(item) for item in asked]
    async with account.changing:
        worker = account.find_worker(request)
        before = {schedule.cron: schedule for schedule in worker.schedules}
        schedules = tuple(
            before.get(cron) or Schedule(cron=cron, created_on=account.format_now(), modified_on=account.format_now())
            for cron in crons
        )
        worker = replace(worker, schedules=schedules)
        account.workers[worker.name] = worker
    return _respond_schedules(worker)


def _read_cron(item: object) -> str:
    cron = item.get("cron") if isinstance(item, dict) else None
    broken = find_broken_field(" ".join(cron.split())) if isinstance(cron, str) else "cron"
    if not isinstance(cron, str) or broken is not None:
        raise RefusalError(400, 10100, f"invalid cron string: {broken}")
    return cron


def _respond_schedules(worker: WorkerRecord) -> web.Response:
    return respond({"schedules": [asdict(schedule) for schedule in worker.schedules]})
