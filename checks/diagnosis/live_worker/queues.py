"""Compares the live queues and their consumers with the declared ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from checks.diagnosis import live_version
from checks.model.background import run_in_background
from checks.model.finding import Evidence, Finding, count
from contract import queue_limits

if TYPE_CHECKING:
    from checks.check import Context
    from cloudflare_client.queues import Queue, QueueConsumer

NONE = "none"
STOPPED = "paused, so no message reaches the worker"
Problem = tuple[str, str, str]  # subject, expected, found


@dataclass(frozen=True, slots=True, kw_only=True)
class _Declared:
    """A declared queue with its consumer. ``dead_letter_queue`` is empty for none."""

    name: str
    worker: str
    dead_letter_queue: str
    batch_size: int
    max_concurrency: int
    max_retries: int = queue_limits.MAX_RETRIES


def read_in_background(context: Context) -> Callable[[], list[Queue | None]]:
    """Start to read the declared queues, and return a function that waits for them, None for one that is absent."""
    reads = [partial(context.cloudflare.find_queue, declared.name) for declared in _list_declared(context)]
    waits = [run_in_background(read, number) for number, read in enumerate(reads, 2)]
    return lambda: [wait() for wait in waits]


def compare_queues(context: Context, live: Sequence[Queue | None], *, outside: bool) -> Iterator[Evidence | Finding]:
    """Yield a finding for each queue and consumer that differs, evidence where none does.

    ``outside`` says that a change outside Pulumi made the difference. The manifest of an older deployment has no queue.
    """
    declared = _list_declared(context)
    problems = [
        problem for expected, found in zip(declared, live, strict=True) for problem in _find_problems(expected, found)
    ]
    for subject, text, found in problems:
        yield live_version.describe_difference(subject, text, found, outside=outside)
    if declared and not problems:
        first = declared[0]
        days = count(first.max_concurrency, "day")
        yield Evidence(f"the queue {first.name} delivers {days} at once, and both queues have their consumer")


def _list_declared(context: Context) -> list[_Declared]:
    queue, worker = context.manifest.queue, context.manifest.worker.name
    if queue is None:
        return []
    return [
        _Declared(
            name=queue.name,
            worker=worker,
            dead_letter_queue=queue.dead_letter_name,
            batch_size=queue_limits.BATCH_SIZE,
            max_concurrency=queue.parallelism,
        ),
        _Declared(
            name=queue.dead_letter_name,
            worker=worker,
            dead_letter_queue="",
            batch_size=queue_limits.DEAD_LETTER_BATCH_SIZE,
            max_concurrency=queue_limits.DEAD_LETTER_CONCURRENCY,
        ),
    ]


def _find_problems(declared: _Declared, live: Queue | None) -> Iterator[Problem]:
    queue = f"queue {declared.name}"
    if live is None:
        yield queue, "exists, with its consumer", "absent"
        return
    if live.paused:
        yield queue, "delivers its messages", STOPPED
    consumer = next((item for item in live.consumers if item.script == declared.worker), None)
    if consumer is None:
        others = ", ".join(item.script or f"a consumer of type {item.type}" for item in live.consumers)
        yield f"consumer of {queue}", declared.worker, others or NONE
        return
    yield from _compare_consumer(f"consumer of {queue}", declared, consumer)


def _compare_consumer(subject: str, declared: _Declared, live: QueueConsumer) -> Iterator[Problem]:
    for name in ("batch_size", "max_concurrency", "max_retries"):
        expected, found = getattr(declared, name), getattr(live, name)
        if found != expected:
            yield subject, f"{name} {expected}", f"{name} {NONE if found is None else found}"
    if live.dead_letter_queue not in (None, declared.dead_letter_queue):
        expected, found = declared.dead_letter_queue or NONE, live.dead_letter_queue or NONE
        yield subject, f"dead letter queue {expected}", f"dead letter queue {found}"
