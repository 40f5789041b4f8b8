"""The queues of the throw-away worker, and the worker as their consumer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from conformance.account.api import Api

ENDS = ("-days", "-dead-days")  # of the names that the program gives to the queues of a worker


def list_queues(api: Api, worker: str) -> Iterator[dict[str, Any]]:
    """Yield the queues that have the names of a worker's queues."""
    for end in ENDS:
        yield from (item for item in api.read("queues", name=worker + end) if item["queue_name"] == worker + end)


def remove_consumers(api: Api, worker: str) -> None:
    """Remove the consumers, because Cloudflare does not delete a worker that consumes a queue."""
    for queue in list_queues(api, worker):
        for consumer in queue["consumers"]:
            api.call("DELETE", f"{_path(queue)}/consumers/{consumer['consumer_id']}")


def delete_queues(api: Api, worker: str) -> None:
    """Delete the queues, which no worker may bind any more."""
    for queue in list_queues(api, worker):
        api.call("DELETE", _path(queue))


def pause_and_change(api: Api, worker: str) -> None:
    """Pause the queue of the days, and let its consumer run once at a time."""
    queue, consumer = _find(api, worker)
    api.call("PATCH", _path(queue), json={"settings": {"delivery_paused": True}})
    dead = {"dead_letter_queue": worker + ENDS[1]}
    _put_consumer(api, queue, consumer, {**dead, "settings": {"max_concurrency": 1}})


def drop_dead_letters(api: Api, worker: str) -> None:
    """Let the consumer of the days lose its failed messages."""
    queue, consumer = _find(api, worker)
    _put_consumer(api, queue, consumer, {"dead_letter_queue": ""})


def is_delivering(api: Api, worker: str) -> bool:
    """Return whether the queue of the days is not paused, and its consumer runs several times at once."""
    queue, consumer = _find(api, worker)
    return not queue["settings"]["delivery_paused"] and consumer["settings"]["max_concurrency"] != 1


def keeps_dead_letters(api: Api, worker: str) -> bool:
    """Return whether failed messages go to the queue that the program declares."""
    return bool(_find(api, worker)[1]["dead_letter_queue"] == worker + ENDS[1])


def _find(api: Api, worker: str) -> tuple[dict[str, Any], dict[str, Any]]:
    queue = next(list_queues(api, worker))
    return queue, queue["consumers"][0]


def _put_consumer(api: Api, queue: dict[str, Any], consumer: dict[str, Any], fields: dict[str, Any]) -> None:
    script = consumer.get("script") or consumer.get("script_name")
    body = {"type": "worker", "script_name": script, **fields}
    api.call("PUT", f"{_path(queue)}/consumers/{consumer['consumer_id']}", json=body)


def _path(queue: dict[str, Any]) -> str:
    return f"queues/{queue['queue_id']}"
