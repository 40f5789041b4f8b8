"""Holds the messages of all queues and delivers them, with as many consumers at once as each queue declares.

Unlike Cloudflare it never waits for a batch to fill, and it starts all allowed consumers at once.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import uuid
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

from rehearsal.cloudflare.queues.outcome import find_retries
from rehearsal.cloudflare.queues.state import Consumer, Message, Queue
from rehearsal.edge import Edge, EdgeError
from rehearsal.edge.queue_socket import NotSentError, SentMessage

MAX_MESSAGE_BYTES, MAX_BATCH_BYTES = 128_000, 256_000
MAX_BATCH, MAX_CONCURRENCY, MAX_DELAY_SECONDS = 100, 250, 86_400
CONTENT_TYPES = ("text", "bytes", "json", "v8")
ABSENT_SCRIPT_SECONDS = 1  # until a message for a script that is not deployed is tried again

_log = logging.getLogger(__name__)


class Broker:
    """The queues of an account by name, and their messages. ``clock`` returns the rehearsal's time."""

    def __init__(self, *, edge: Edge, clock: Callable[[], datetime]) -> None:
        self.queues: dict[str, Queue] = {}
        self._edge = edge
        self._clock = clock
        self._messages: dict[str, list[Message]] = {}  # by the queue's id, in the order of delivery
        self._deliveries: dict[str, set[asyncio.Task[None]]] = {}  # by the queue's id
        self._timer: asyncio.TimerHandle | None = None
        self._changed = asyncio.Event()

    async def start(self) -> None:
        """Receive the messages of the workers from now on."""
        await self._edge.receive_sent(self.accept)

    async def stop(self) -> None:
        """End all deliveries."""
        if self._timer is not None:
            self._timer.cancel()
        tasks = list(itertools.chain.from_iterable(self._deliveries.values()))
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def accept(self, name: str, sent: Sequence[SentMessage]) -> None:
        """Hold a batch of messages and begin to deliver it. Raises NotSentError for one that Cloudflare refuses."""
        queue = self.queues.get(name)
        if queue is None:
            raise NotSentError(404, "10104: queue does not exist")
        _check_sent(sent)
        now = self._clock()
        for item in sent:
            delay = queue.settings.delivery_delay if item.delay is None else item.delay
            due = now + timedelta(seconds=delay)
            message = Message(
                id=uuid.uuid4().hex, body=item.body, content_type=item.content_type, sent_at=now, due_at=due
            )
            self._messages.setdefault(queue.id, []).append(message)
        self.wake()

    def list_messages(self, queue: Queue) -> list[Message]:
        """Return the messages of a queue that are not acknowledged, also those that a consumer has now."""
        return list(self._messages.get(queue.id, []))

    def replace(self, queues: Mapping[str, Queue]) -> None:
        """Have these queues and no others. The messages of the others are lost."""
        self.queues = dict(queues)
        kept = {queue.id for queue in queues.values()}
        self._messages = {key: found for key, found in self._messages.items() if key in kept}
        self.wake()

    def clear(self) -> None:
        """Forget all messages."""
        self._messages.clear()

    def wake(self) -> None:
        """Deliver the due messages. Must be called after a change of the queues and of the clock."""
        for queue in self.queues.values():
            self._deliver_due(queue)
        self._set_timer()
        self._changed.set()

    def find_next_due(self) -> datetime | None:
        """Return the time at which the next delayed message is due, None if a consumer waits for none."""
        waiting = [
            message.due_at
            for queue in self.queues.values()
            if queue.worker_consumer is not None and not queue.settings.delivery_paused
            for message in self._messages.get(queue.id, [])
            if not message.is_delivered
        ]
        return min(waiting, default=None)

    async def settle(self, seconds: float) -> bool:
        """Wait until no consumer has a message and none is due, at most some seconds. Return whether that is so."""
        try:
            async with asyncio.timeout(seconds):
                while any(self._deliveries.values()):
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            return False
        return True

    def _set_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        due, now = self.find_next_due(), self._clock()
        if due is not None and due > now:
            seconds = min((due - now).total_seconds(), MAX_DELAY_SECONDS)
            self._timer = asyncio.get_running_loop().call_later(seconds, self.wake)

    def _deliver_due(self, queue: Queue) -> None:
        """Start as many consumers as the queue allows and as there are batches."""
        self._drop_expired(queue)
        consumer = queue.worker_consumer
        if consumer is None or queue.settings.delivery_paused:
            return
        running = self._deliveries.setdefault(queue.id, set())
        limit = consumer.settings.max_concurrency or MAX_CONCURRENCY
        while len(running) < limit and (batch := self._take(queue, consumer.settings.batch_size)):
            task = asyncio.create_task(self._deliver(queue.name, consumer, batch))
            running.add(task)
            task.add_done_callback(running.discard)
            task.add_done_callback(self._resume)

    def _resume(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled():
            self.wake()

    def _drop_expired(self, queue: Queue) -> None:
        oldest = self._clock() - timedelta(seconds=queue.settings.message_retention_period)
        found = self._messages.get(queue.id, [])
        self._messages[queue.id] = [item for item in found if item.is_delivered or item.sent_at > oldest]

    def _take(self, queue: Queue, size: int) -> list[Message]:
        now = self._clock()
        ready = (item for item in self._messages[queue.id] if not item.is_delivered and item.due_at <= now)
        batch = list(itertools.islice(ready, size))
        for message in batch:
            message.is_delivered = True
            message.attempts += 1
        return batch

    async def _deliver(self, name: str, consumer: Consumer, batch: list[Message]) -> None:
        try:
            result = await self._edge.deliver(consumer.script, name, [message.to_dict() for message in batch])
        except LookupError:
            for message in batch:
                message.attempts -= 1
                self._put_back(message, ABSENT_SCRIPT_SECONDS)
            return
        except EdgeError as error:  # the edge has ended, and the rehearsal with it
            _log.info("no delivery to %s: %s", consumer.script, error)
            await asyncio.Future()  # until the local Cloudflare stops
            return
        retried = find_retries([message.id for message in batch], result)
        for message in batch:
            if message.id not in retried:
                self._remove(message)
            elif message.attempts <= consumer.settings.max_retries:
                delay = retried[message.id]
                self._put_back(message, consumer.settings.retry_delay if delay is None else delay)
            else:
                self._remove(message)
                self._send_to_dead_letters(message, consumer.dead_letter_queue)

    def _put_back(self, message: Message, seconds: float) -> None:
        message.is_delivered = False
        message.due_at = self._clock() + timedelta(seconds=seconds)

    def _remove(self, message: Message) -> None:
        for found in self._messages.values():
            if message in found:
                found.remove(message)

    def _send_to_dead_letters(self, message: Message, name: str) -> None:
        """Move a message to the dead-letter queue with its id and time. Without one it is lost, as at Cloudflare."""
        queue = self.queues.get(name)
        if queue is None:
            _log.info("message %s was lost after its last delivery", message.id)
            return
        message.is_delivered, message.attempts = False, 0
        message.due_at = self._clock() + timedelta(seconds=queue.settings.delivery_delay)
        self._messages.setdefault(queue.id, []).append(message)


def _check_sent(sent: Sequence[SentMessage]) -> None:
    if len(sent) > MAX_BATCH:
        raise NotSentError(413, "10206: batch count out of bounds")
    if any(len(item.body) > MAX_MESSAGE_BYTES for item in sent):
        raise NotSentError(413, "10204: message size out of bounds")
    if sum(len(item.body) for item in sent) > MAX_BATCH_BYTES:
        raise NotSentError(413, "10205: batch size out of bounds")
    for item in sent:
        if item.content_type not in CONTENT_TYPES or not 0 <= (item.delay or 0) <= MAX_DELAY_SECONDS:
            raise NotSentError(400, "10203: invalid message metadata")
