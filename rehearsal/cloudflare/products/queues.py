"""Queues: created, listed, changed, paused and deleted, and their backlog.

Source: the official clients (wrangler, the Python SDK, the Terraform provider), and public reports of error codes.
Assumptions: a list by name has the queue of exactly that name, a queue is deleted with its consumers, and code 11003.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import asdict, fields, replace
from typing import Any

from aiohttp import web

from rehearsal.cloudflare.account import Account, read_json_object, read_number
from rehearsal.cloudflare.queues import Consumer, Queue, QueueSettings
from rehearsal.cloudflare.responses import RefusalError, respond

NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
PER_PAGE = 100
MAX_DELAY, MIN_RETENTION, MAX_RETENTION = 86_400, 60, 1_209_600  # seconds


def make_routes(account: Account) -> Iterable[web.RouteDef]:
    """Return the routes of the account's queues."""
    return [
        account.make_route("GET", "queues", list_all),
        account.make_route("POST", "queues", create),
        account.make_route("GET", "queues/{queue}", show),
        account.make_route("PUT", "queues/{queue}", change),
        account.make_route("PATCH", "queues/{queue}", change),
        account.make_route("DELETE", "queues/{queue}", delete),
        account.make_route("GET", "queues/{queue}/metrics", show_metrics),
    ]


def find_queue(account: Account, request: web.Request) -> Queue:
    """Return the queue whose id is in the path. Raises RefusalError 11000."""
    asked = request.match_info["queue"]
    for queue in account.broker.queues.values():
        if queue.id == asked:
            return queue
    raise RefusalError(404, 11000, "workers.api.error.queue_not_found")


def save(account: Account, queue: Queue) -> Queue:
    """Store a changed queue under its name, and deliver what it may deliver now."""
    changed = replace(queue, modified_on=account.format_now())
    others = {name: item for name, item in account.broker.queues.items() if item.id != queue.id}
    account.broker.replace({**others, changed.name: changed})
    return changed


def show_consumer(queue: Queue, consumer: Consumer) -> dict[str, Any]:
    """Return the view of a consumer. Its worker is in ``script``, which requests name ``script_name``."""
    script = {"script": consumer.script} if consumer.script else {}
    return {
        "consumer_id": consumer.id,
        "created_on": consumer.created_on,
        "dead_letter_queue": consumer.dead_letter_queue,
        "queue_name": queue.name,
        "settings": asdict(consumer.settings),
        "type": consumer.type,
        **script,
    }


async def list_all(account: Account, request: web.Request) -> web.Response:
    """List the queues by name, or only the one of the asked name."""
    page, name = read_number(request, "page", 1), request.query.get("name")
    found = [queue for _, queue in sorted(account.broker.queues.items()) if name in (None, "", queue.name)]
    shown = found[(page - 1) * PER_PAGE : page * PER_PAGE]
    pages = -(-len(found) // PER_PAGE)
    info = {"page": page, "per_page": PER_PAGE, "count": len(shown), "total_count": len(found), "total_pages": pages}
    return respond([_describe(account, queue) for queue in shown], info=info)


async def create(account: Account, request: web.Request) -> web.Response:
    """Create a queue. Raises RefusalError 11003 for an invalid name and 11009 for one that another queue has."""
    asked = await read_json_object(request)
    async with account.changing:
        name, now = _check_name(account, asked.get("queue_name"), None), account.format_now()
        settings = _read_settings(QueueSettings(), asked)
        queue = Queue(id=uuid.uuid4().hex, name=name, created_on=now, modified_on=now, settings=settings)
        account.broker.replace({**account.broker.queues, name: queue})
    return respond(_describe(account, queue))


async def show(account: Account, request: web.Request) -> web.Response:
    """Show a queue with its consumers and producers."""
    return respond(_describe(account, find_queue(account, request)))


async def change(account: Account, request: web.Request) -> web.Response:
    """Change the name or settings. A field that the request does not have stays as it is."""
    asked = await read_json_object(request)
    async with account.changing:
        queue = find_queue(account, request)
        name = _check_name(account, asked["queue_name"], queue) if "queue_name" in asked else queue.name
        queue = save(account, replace(queue, name=name, settings=_read_settings(queue.settings, asked)))
    return respond(_describe(account, queue))


async def delete(account: Account, request: web.Request) -> web.Response:
    """Delete a queue with its messages. Raises RefusalError 11005 while a worker binds it."""
    async with account.changing:
        queue = find_queue(account, request)
        if _list_producers(account, queue):
            text = f"Cannot delete queue '{queue.name}': it is still referenced by a binding in a Worker."
            raise RefusalError(400, 11005, text)
        others = {name: item for name, item in account.broker.queues.items() if item.id != queue.id}
        account.broker.replace(others)
    return respond(None)


async def show_metrics(account: Account, request: web.Request) -> web.Response:
    """Show the backlog. Cloudflare's figures are approximate, and these are exact."""
    messages = account.broker.list_messages(find_queue(account, request))
    oldest = min((round(item.sent_at.timestamp() * 1000) for item in messages), default=0)
    size = sum(len(item.body) for item in messages)
    return respond({"backlog_count": len(messages), "backlog_bytes": size, "oldest_message_timestamp_ms": oldest})


def _describe(account: Account, queue: Queue) -> dict[str, Any]:
    consumers = [show_consumer(queue, consumer) for consumer in queue.consumers]
    producers = _list_producers(account, queue)
    return {
        "queue_id": queue.id,
        "queue_name": queue.name,
        "created_on": queue.created_on,
        "modified_on": queue.modified_on,
        "settings": asdict(queue.settings),
        "consumers": consumers,
        "consumers_total_count": len(consumers),
        "producers": producers,
        "producers_total_count": len(producers),
    }


def _list_producers(account: Account, queue: Queue) -> list[dict[str, Any]]:
    return [
        {"type": "worker", "script": worker.name}
        for _, worker in sorted(account.workers.items())
        if any(item["type"] == "queue" and item["queue_name"] == queue.name for item in worker.live.bindings)
    ]


def _check_name(account: Account, name: Any, own: Queue | None) -> str:
    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise RefusalError(400, 11003, "Queue names must have 1 to 63 lower case letters, digits and hyphens.")
    if name in account.broker.queues and account.broker.queues[name] != own:
        text = f"Queue name '{name}' is already taken. Please use a different name and try again."
        raise RefusalError(409, 11009, text)
    return name


def _read_settings(before: QueueSettings, asked: Mapping[str, Any]) -> QueueSettings:
    """Return the settings after a request. Raises RefusalError 100128 for one that Cloudflare refuses."""
    given = asked.get("settings") or {}
    known = {item.name for item in fields(QueueSettings)}
    changed = {name: value for name, value in given.items() if name in known and value is not None}
    paused = changed.get("delivery_paused", False)
    delay, retention = changed.get("delivery_delay", 0), changed.get("message_retention_period", MIN_RETENTION)
    is_valid = isinstance(paused, bool) and _is_within(delay, 0, MAX_DELAY)
    if not is_valid or not _is_within(retention, MIN_RETENTION, MAX_RETENTION):
        raise RefusalError(400, 100128, "The specified queue settings are invalid.")
    return replace(before, **changed)


def _is_within(value: Any, least: int, most: int) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and least <= value <= most
