"""The queues of the local Cloudflare: their state, their messages and their consumers."""

from __future__ import annotations

from rehearsal.cloudflare.queues.broker import Broker
from rehearsal.cloudflare.queues.state import Consumer, ConsumerSettings, Queue, QueueSettings

__all__ = ["Broker", "Consumer", "ConsumerSettings", "Queue", "QueueSettings"]
