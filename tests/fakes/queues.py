"""The queues of the fake account, as the API shows them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.fakes.manifest import NAME

if TYPE_CHECKING:
    from tests.fakes.system import System

DAYS, DEAD = f"{NAME}-days", f"{NAME}-dead-days"
DECLARED = {"name": DAYS, "dead_letter_name": DEAD, "parallelism": 4}


def declare_queues(system: System) -> None:
    """Declare both queues in the manifest, and create them with their consumers."""
    system.manifest["queue"] = dict(DECLARED)
    system.cloudflare.queues |= {
        DAYS: make_queue(DAYS, DEAD, batch_size=1, max_concurrency=4),
        DEAD: make_queue(DEAD, "", batch_size=10, max_concurrency=1),
    }


def make_queue(name: str, dead_letter_queue: str, **settings: Any) -> dict[str, Any]:
    """Return a queue whose consumer is the worker. ``settings`` are those of the consumer."""
    consumer = {
        "consumer_id": f"c-{name}",
        "type": "worker",
        "script": NAME,
        "dead_letter_queue": dead_letter_queue,
        "settings": {"max_retries": 4, **settings},
    }
    return {
        "queue_id": f"id-{name}",
        "queue_name": name,
        "settings": {"delivery_paused": False},
        "consumers": [consumer],
    }
