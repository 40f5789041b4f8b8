"""Queues with their consumers and their backlog, as the API describes them.

Source: the official clients' types for ``queues``, and the Terraform provider's comment that the API answers ``script``
where its own schema has ``script_name``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from cloudflare_client.errors import UnknownShapeError
from cloudflare_client.fields import read_items, read_object, read_text


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueConsumer:
    """A consumer of a queue. ``type`` is ``worker`` or ``http_pull``, which has no script.

    ``dead_letter_queue`` is empty where the consumer has none. It and the numbers are None where the answer does not
    have them. Cloudflare then chooses a number itself.
    """

    id: str
    type: str
    script: str
    dead_letter_queue: str | None
    batch_size: int | None
    max_concurrency: int | None
    max_retries: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """A queue with its consumers. ``paused`` says that it delivers nothing."""

    id: str
    name: str
    paused: bool
    consumers: tuple[QueueConsumer, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Backlog:
    """The messages of a queue that no consumer has acknowledged. The figures of Cloudflare are approximate.

    ``oldest`` is the time (UTC) at which the oldest of them was sent, None where it is not known.
    """

    messages: int
    size: int
    oldest: datetime | None


def parse_queues(result: object) -> tuple[Queue, ...]:
    """Return the queues from ``GET queues``."""
    return tuple(_parse_queue(item) for item in read_items([] if result is None else result, "the queues"))


def parse_backlog(result: object) -> Backlog:
    """Return the backlog from ``GET queues/{queue}/metrics``."""
    found = read_object(result, "the metrics of a queue")
    oldest = _read_number(found, "oldest_message_timestamp_ms") or 0
    count, size = _read_number(found, "backlog_count"), _read_number(found, "backlog_bytes")
    if count is None:
        raise UnknownShapeError("the metrics of a queue have no backlog_count")
    moment = datetime.fromtimestamp(oldest / 1000, UTC) if oldest else None
    return Backlog(messages=count, size=size or 0, oldest=moment)


def _parse_queue(item: Mapping[str, Any]) -> Queue:
    settings = read_object(item.get("settings") or {}, "the settings of a queue")
    return Queue(
        id=read_text(item, "queue_id"),
        name=read_text(item, "queue_name"),
        paused=settings.get("delivery_paused") is True,
        consumers=tuple(_parse_consumer(each) for each in read_items(item.get("consumers") or [], "the consumers")),
    )


def _parse_consumer(item: Mapping[str, Any]) -> QueueConsumer:
    settings = read_object(item.get("settings") or {}, "the settings of a consumer")
    dead = item.get("dead_letter_queue")
    return QueueConsumer(
        id=read_text(item, "consumer_id", ""),
        type=read_text(item, "type", "worker"),
        script=read_text(item, "script", "") or read_text(item, "script_name", ""),
        dead_letter_queue=None if dead is None else read_text(item, "dead_letter_queue", ""),
        batch_size=_read_number(settings, "batch_size"),
        max_concurrency=_read_number(settings, "max_concurrency"),
        max_retries=_read_number(settings, "max_retries"),
    )


def _read_number(item: Mapping[str, Any], name: str) -> int | None:
    value = item.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise UnknownShapeError(f"{name} is not a number")
    return int(value)
