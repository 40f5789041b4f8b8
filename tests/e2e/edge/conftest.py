"""One edge for the tests that leave it intact, on a loop in a thread of its own."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from rehearsal.clock import Clock
from rehearsal.edge import Edge, Script

HELLO = "export default { fetch() { return new Response('hello') } }"


@dataclass(slots=True)
class Running:
    """An edge, driven from outside its loop."""

    edge: Edge
    loop: asyncio.AbstractEventLoop
    clock: Clock = field(default_factory=Clock)
    traces: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def do(self, call: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(call, self.loop).result(30)

    def serve(self, script: Script) -> str:
        """Deploy it at 100 %, return its address."""
        self.do(self.edge.deploy(script.name, [(script, 100)], enabled=True))
        return str(self.do(self.edge.reserve(script.name)))

    def traces_of(self, name: str, count: int) -> list[dict[str, Any]]:
        """Wait for ``count`` traces of this script."""
        deadline = time.monotonic() + 5
        while True:
            found = [item for script, item in self.traces if script == name]
            if len(found) >= count:
                return found
            assert time.monotonic() < deadline, f"{len(found)} of {count} traces arrived"
            time.sleep(0.01)


@pytest.fixture(scope="session")
def edge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    traces: list[tuple[str, dict[str, Any]]] = []
    clock = Clock()
    start = Edge.start(
        folder=tmp_path_factory.mktemp("edge"), on_trace=lambda name, item: traces.append((name, item)), clock=clock
    )
    edge = asyncio.run_coroutine_threadsafe(start, loop).result(30)
    shared = Running(edge=edge, loop=loop, clock=clock, traces=traces)
    try:
        yield shared
    finally:
        shared.do(edge.close())
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


@pytest.fixture
def client() -> Iterator[httpx.Client]:
    with httpx.Client(timeout=20, trust_env=False) as client:
        yield client


@pytest.fixture(scope="session")
def script() -> Callable[..., Script]:
    def make(name: str, code: str = HELLO, *, version: str = "v1", **given: Any) -> Script:
        return Script(
            **{
                "name": name,
                "modules": {"worker.js": code.encode()},
                "main_module": "worker.js",
                "compatibility_date": "2026-04-01",
                "version": {"id": version, "tag": f"tag of {version}", "timestamp": "2026-04-01T00:00:00Z"},
                **given,
            }
        )

    return make
