"""The queues of the backfill worker: the days to copy, and the messages that its consumer could not acknowledge.

They hold only hints. The bucket has the truth, so losing a queue loses no data, and neither queue is protected.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cloudflare_client.queues import Queue
from contract import queue_limits
from contract.drift.record import DEAD_LETTER_QUEUE, SettingChange
from infra.account import LiveAccount
from infra.errors import DeploymentError
from infra.settings.settings import Settings

DAYS, DEAD_DAYS = "days", "dead-days"  # names of the resources
QUEUE_TYPE = "cloudflare:index/queue:Queue"
BINDING = "DAYS"

State = Callable[[], Mapping[tuple[str, str], str]]  # the names of the resources in the state, by type and name


class QueueExistsError(DeploymentError):
    """A queue of this name exists that this stack does not have, and the stack does not or cannot adopt it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QueuePlan:
    """A queue and its consumer. ``existing`` is the id of a queue that is taken over, None for a new one."""

    resource: str
    name: str
    existing: str | None
    dead_letter_queue: str | None
    batch_size: int
    max_concurrency: int


@dataclass(frozen=True, slots=True, kw_only=True)
class QueuesPlan:
    """The queues of one worker, which is their only consumer. ``message`` is the message of its upload."""

    account_id: str
    script: str
    queues: tuple[QueuePlan, ...]
    message: str | None


def find_bound(bindings: Sequence[Mapping[str, Any]] | None) -> str | None:
    """Return the name of the queue to which an upload bound the worker, None where it bound none."""
    return next((item.get("queue_name") for item in bindings or () if item.get("name") == BINDING), None)


def find_changes(settings: Settings, account: LiveAccount, *, bound: str | None) -> tuple[SettingChange, ...]:
    """Return how the live consumer differs from its declaration in what a refresh of the provider does not read.

    ``bound`` is the queue of this stack's last upload. A stack that never had the queue has no consumer to compare.
    """
    days, dead = settings.queue_name, settings.dead_letter_name
    live = account.find_queue(days) if bound == days else None
    changes = []
    for consumer in () if live is None else live.consumers:
        if consumer.script == settings.worker_name and consumer.dead_letter_queue not in (None, dead):
            found = consumer.dead_letter_queue or "none"
            changes.append(SettingChange(name=DEAD_LETTER_QUEUE, expected=dead, found=found))
    return tuple(changes)


def plan(
    settings: Settings, account: LiveAccount, state: State, *, bound: str | None, message: str | None
) -> QueuesPlan:
    """Import a queue that exists only where the stack adopts and its state does not have it yet.

    ``bound`` is the queue of this stack's last upload. Where it is the declared one, an ordinary preview makes no
    request for it. Raises QueueExistsError.
    """
    names = {DAYS: settings.queue_name, DEAD_DAYS: settings.dead_letter_name}
    is_known = bound == settings.queue_name and not settings.adopt
    existing = {
        resource: None if is_known else _find_existing(settings, account, state, resource, name)
        for resource, name in names.items()
    }
    return QueuesPlan(
        account_id=settings.account_id,
        script=settings.worker_name,
        queues=(
            QueuePlan(
                resource=DEAD_DAYS,
                name=names[DEAD_DAYS],
                existing=existing[DEAD_DAYS],
                dead_letter_queue=None,
                batch_size=queue_limits.DEAD_LETTER_BATCH_SIZE,
                max_concurrency=queue_limits.DEAD_LETTER_CONCURRENCY,
            ),
            QueuePlan(
                resource=DAYS,
                name=names[DAYS],
                existing=existing[DAYS],
                dead_letter_queue=names[DEAD_DAYS],
                batch_size=queue_limits.BATCH_SIZE,
                max_concurrency=settings.parallelism,
            ),
        ),
        message=message,
    )


def _find_existing(settings: Settings, account: LiveAccount, state: State, resource: str, name: str) -> str | None:
    """Return the id of a queue to import. Raises QueueExistsError for one that this stack may not have."""
    if state().get((QUEUE_TYPE, resource)) is not None:
        return None
    live = account.find_queue(name)
    if live is None:
        return None
    problem = next(_find_problems(settings, live), None)
    if problem is not None:
        raise QueueExistsError(f"queue {name!r} {problem}")
    return live.id


def _find_problems(settings: Settings, live: Queue) -> Iterator[str]:
    """Yield the reasons for which a live queue cannot be taken over, each with the next command."""
    for consumer in live.consumers:
        if consumer.script != settings.worker_name:
            other = f"the worker {consumer.script!r}" if consumer.script else "a pull consumer"
            yield (
                f"already exists and is consumed by {other}, and a queue has one consumer. To use other queues, run: "
                "pulumi config set workerName ANOTHER"
            )
    if not settings.adopt:
        yield (
            "already exists but was not created by this stack. If another stack uses it, run: pulumi config set "
            "workerName ANOTHER. Otherwise, to take it over, run: pulumi config set adopt true"
        )
    for consumer in live.consumers:
        yield (
            "already has its consumer, and the provider cannot import one. It holds nothing, so run: npx wrangler "
            f"queues consumer remove {live.name} {consumer.script}"
        )
