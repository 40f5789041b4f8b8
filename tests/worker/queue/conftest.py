"""One workerd for the tests of planner, consumers and routes, and the ACE that they ask."""

from __future__ import annotations

import asyncio
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from contract.operator_token import derive_operator_token
from tests.worker.conftest import KEY, OddAce, noon
from tests.worker.queue.world import Backfill, QueueWorld, days_ago, declare_worker, site

THREE = ("2024-12-10", "2024-12-12")


def declare(url: str) -> dict[str, dict[str, object]]:
    """Return the workers: name -> bindings and bucket."""
    odd, recent = site("odd", *THREE), site("recent", days_ago(2))
    version = {"CF_VERSION_METADATA": {"id": "version-2"}}
    three = (site("a", "2024-12-10", "2024-12-11"), site("b", *THREE), site("c", days_ago(4)))
    return {
        "one": declare_worker(url, odd, bucket="one"),
        "one-newer": declare_worker(url, odd, bucket="one", **version),
        "none": declare_worker(url, site("other", *THREE), bucket="one"),
        "three": declare_worker(url, *three, bucket="three"),
        "many": declare_worker(url, site("many", "2020-01-01"), bucket="many"),
        "month": declare_worker(url, site("month", "2024-12-01", "2024-12-31"), bucket="month"),
        "recent": declare_worker(url, recent, bucket="recent"),
        "unchecked": declare_worker(url, site("unchecked", days_ago(2)), bucket="unchecked", RECHECK_DAYS="0"),
        "rechecking": declare_worker(
            url, site("recent", days_ago(10), days_ago(8)), bucket="rechecking", limits={"rechecks": 1}
        ),
        "hurried": declare_worker(url, odd, bucket="hurried", limits={"consumerMs": 0}),
        "joined": declare_worker(url, odd, bucket="joined", producer="bv-joined", consumes=["bv-joined"]),
        "keyless": declare_worker(url, odd, bucket="keyless", ACE_API_KEY=None),
        "keyed": declare_worker(url, odd, bucket="keyless", **version),
    }


@pytest.fixture(scope="session")
def servers() -> Iterator[tuple[QueueWorld, OddAce]]:
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    ace = OddAce()
    url = asyncio.run_coroutine_threadsafe(ace.start(), loop).result(20)
    with tempfile.TemporaryDirectory(prefix="bv-queue-") as folder:
        world = QueueWorld(Path(folder), declare(url))
        try:
            yield world, ace
            logs = world.harness.read_logs()
            assert KEY not in logs
            assert derive_operator_token(KEY) not in logs
        finally:
            world.stop()
            asyncio.run_coroutine_threadsafe(ace.stop(), loop).result(20)
            loop.call_soon_threadsafe(loop.stop)
            thread.join(10)
            loop.close()


@pytest.fixture
def ace(servers: tuple[QueueWorld, OddAce]) -> OddAce:
    """ACE, with one row per day."""
    found = servers[1]
    found.script = noon
    found.requests.clear()
    return found


@pytest.fixture
def queue_world(servers: tuple[QueueWorld, OddAce], ace: OddAce) -> QueueWorld:
    """The running workers."""
    return servers[0]


@pytest.fixture
def backfill(queue_world: QueueWorld) -> Backfill:
    """A worker of the site `odd` with three due days."""
    return queue_world.open("one")
