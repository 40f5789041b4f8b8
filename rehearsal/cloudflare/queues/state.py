"""Queues and consumers as frozen data, and the messages that a queue holds."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

WORKER, HTTP_PULL = "worker", "http_pull"


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueSettings:
    """The settings of a queue, with Cloudflare's defaults. Times are in seconds."""

    delivery_delay: int = 0
    delivery_paused: bool = False
    message_retention_period: int = 345_600


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsumerSettings:
    """The settings of a consumer, with Cloudflare's defaults. Without ``max_concurrency`` it is Cloudflare's most."""

    batch_size: int = 10
    max_concurrency: int | None = None
    max_retries: int = 3
    max_wait_time_ms: int = 5000
    retry_delay: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Consumer:
    """A consumer of a queue. ``dead_letter_queue`` is a name, empty for none. A pull consumer has no script."""

    id: str
    type: str
    script: str
    dead_letter_queue: str
    settings: ConsumerSettings
    created_on: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """One queue with its consumers."""

    id: str
    name: str
    created_on: str
    modified_on: str
    settings: QueueSettings = field(default_factory=QueueSettings)
    consumers: tuple[Consumer, ...] = ()

    @property
    def worker_consumer(self) -> Consumer | None:
        """Return the worker that consumes the queue, None if there is none."""
        return next((item for item in self.consumers if item.type == WORKER), None)


@dataclass(slots=True, kw_only=True)
class Message:
    """A message that is not acknowledged. ``attempts`` counts its deliveries.

    ``due_at`` is the time from which on it may be delivered. ``is_delivered`` says that a consumer has it now.
    """

    id: str
    body: bytes = field(repr=False)
    content_type: str
    sent_at: datetime
    due_at: datetime
    attempts: int = 0
    is_delivered: bool = False

    def to_dict(self) -> dict[str, Any]:
        """Return the message as the edge takes it."""
        return {
            "id": self.id,
            "timestamp": round(self.sent_at.timestamp() * 1000),
            "attempts": self.attempts,
            "content_type": self.content_type,
            "body": base64.b64encode(self.body).decode(),
        }
