"""The consumers of a queue. A queue has at most one worker as its consumer.

Source: the official clients, and public reports of their error codes.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import fields, replace
from typing import Any

from aiohttp import web

from rehearsal.cloudflare import views
from rehearsal.cloudflare.account import Account, read_json_object
from rehearsal.cloudflare.products.queues import find_queue, save, show_consumer
from rehearsal.cloudflare.queues import Consumer, ConsumerSettings, Queue
from rehearsal.cloudflare.queues.state import HTTP_PULL, WORKER
from rehearsal.cloudflare.responses import RefusalError, respond

PATH = "queues/{queue}/consumers"
LIMITS = {
    "batch_size": (1, 100),
    "max_concurrency": (1, 250),
    "max_retries": (0, 100),
    "max_wait_time_ms": (0, 60_000),
    "retry_delay": (0, 86_400),
}


def make_routes(account: Account) -> Iterable[web.RouteDef]:
    """Return the routes of a queue's consumers."""
    return [
        account.make_route("GET", PATH, list_all),
        account.make_route("POST", PATH, create),
        account.make_route("GET", PATH + "/{consumer}", show),
        account.make_route("PUT", PATH + "/{consumer}", change),
        account.make_route("DELETE", PATH + "/{consumer}", delete),
    ]


async def list_all(account: Account, request: web.Request) -> web.Response:
    """List the consumers."""
    queue = find_queue(account, request)
    return respond([show_consumer(queue, consumer) for consumer in queue.consumers])


async def create(account: Account, request: web.Request) -> web.Response:
    """Add a consumer. Raises RefusalError 11004 if the queue has one already."""
    asked = await read_json_object(request)
    async with account.changing:
        queue = find_queue(account, request)
        if queue.consumers:
            raise RefusalError(400, 11004, "workers.api.error.consumer_exists")
        now, kind = account.format_now(), _read_type(asked)
        script = _read_script(account, asked) if kind == WORKER else ""
        consumer = Consumer(
            id=uuid.uuid4().hex,
            type=kind,
            script=script,
            dead_letter_queue=_read_dead_letters(account, asked),
            settings=_read_settings(ConsumerSettings(), asked),
            created_on=now,
        )
        save(account, replace(queue, consumers=(consumer,)))
    return respond(show_consumer(queue, consumer))


async def show(account: Account, request: web.Request) -> web.Response:
    """Show a consumer."""
    queue = find_queue(account, request)
    return respond(show_consumer(queue, _find(queue, request)))


async def change(account: Account, request: web.Request) -> web.Response:
    """Replace the worker, the dead-letter queue and the settings. A setting that the request lacks stays as it is."""
    asked = await read_json_object(request)
    async with account.changing:
        queue = find_queue(account, request)
        before = _find(queue, request)
        consumer = replace(
            before,
            script=_read_script(account, asked) if "script_name" in asked else before.script,
            dead_letter_queue=_read_dead_letters(account, asked),
            settings=_read_settings(before.settings, asked),
        )
        save(account, replace(queue, consumers=(consumer,)))
    return respond(show_consumer(queue, consumer))


async def delete(account: Account, request: web.Request) -> web.Response:
    """Remove a consumer. The messages wait for another one."""
    async with account.changing:
        queue = find_queue(account, request)
        _find(queue, request)
        save(account, replace(queue, consumers=()))
    return respond(None)


def _find(queue: Queue, request: web.Request) -> Consumer:
    for consumer in queue.consumers:
        if consumer.id == request.match_info["consumer"]:
            return consumer
    raise RefusalError(404, 11002, "workers.api.error.consumer_not_found")


def _read_type(asked: Mapping[str, Any]) -> str:
    kind = asked.get("type", WORKER)
    if kind not in (WORKER, HTTP_PULL):
        raise RefusalError(400, 100127, "The specified consumer settings are invalid.")
    return str(kind)


def _read_script(account: Account, asked: Mapping[str, Any]) -> str:
    """Return the name of the worker. Raises RefusalError 10007, and 11001 for one without a queue handler."""
    worker = account.workers.get(str(asked.get("script_name")))
    if worker is None:
        raise RefusalError(404, 10007, "This Worker does not exist on your account.")
    if "queue" not in views.find_handlers(worker.live):
        raise RefusalError(400, 11001, "workers.api.error.queue_handler_missing")
    return worker.name


def _read_dead_letters(account: Account, asked: Mapping[str, Any]) -> str:
    name = asked.get("dead_letter_queue") or ""
    if name and name not in account.broker.queues:
        raise RefusalError(404, 11000, "workers.api.error.queue_not_found")
    return str(name)


def _read_settings(before: ConsumerSettings, asked: Mapping[str, Any]) -> ConsumerSettings:
    """Return the settings after a request. Raises RefusalError 100127 for one that Cloudflare refuses."""
    given = asked.get("settings") or {}
    known = [item.name for item in fields(ConsumerSettings) if item.name in given]
    for name in known:
        value, (least, most) = given[name], LIMITS[name]
        if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
            raise RefusalError(400, 100127, "The specified consumer settings are invalid.")
        if value is not None and not least <= value <= most:
            raise RefusalError(400, 100127, "The specified consumer settings are invalid.")
    changed: dict[str, Any] = {name: int(given[name]) for name in known if given[name] is not None}
    if "max_concurrency" in known and given["max_concurrency"] is None:  # as many as Cloudflare chooses
        changed["max_concurrency"] = None
    return replace(before, **changed)
