from __future__ import annotations

import asyncio
import contextlib
import json
import threading
from collections.abc import Coroutine, Iterator, Mapping
from typing import Any, TypeVar

import pytest

from contract.control_objects import CONTROL_PREFIX
from rehearsal import local_system
from rehearsal.local_system import commands
from rehearsal.local_system.run_folder import open_run_folder
from tests import warm_plugins

T = TypeVar("T")


class World:
    """A deployed rehearsal in a thread of its own, for tests that are plain functions."""

    def __init__(self, running: local_system.LocalSystem, loop: asyncio.AbstractEventLoop) -> None:
        self.local, self._loop = running, loop

    def wait(self, coroutine: Coroutine[Any, Any, T], seconds: float = 120) -> T:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(timeout=seconds)

    def run(self, *command: str, **more: str) -> tuple[int, str]:
        environment = {**self.local.environment, **more}
        return self.wait(commands.run(command, environment=environment, folder=local_system.ROOT))

    def pulumi(self, *arguments: str) -> str:
        return self.wait(self.local.pulumi(*arguments))

    def checks(self, *arguments: str) -> tuple[int, dict[str, Any]]:
        """Run the checks as a user does and return the exit code and the JSON report."""
        code, output = self.run(
            "python", "-m", "checks", "run", *arguments, "--stack", local_system.STACK, "--format", "json"
        )
        return code, json.loads(output)

    def objects(self) -> list[str]:
        """Return the keys of the objects, without those of the worker's run log."""
        return [key for key in self._keys() if not key.startswith(CONTROL_PREFIX)]

    def _keys(self) -> list[str]:
        listing = self.wait(self.local.edge.r2_list(self.local.bucket))
        return [item["key"] for item in listing["objects"]]

    def empty_bucket(self) -> None:
        for key in self._keys():
            self.wait(self.local.edge.r2_delete(self.local.bucket, key))


@contextlib.contextmanager
def started(days: int = 2, sites: int = 1, declared: Mapping[str, Any] | None = None) -> Iterator[World]:
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        with open_run_folder() as folder:
            running = local_system.run_local_system(folder, days=days, sites=sites, declared=declared)
            world = World(asyncio.run_coroutine_threadsafe(running.__aenter__(), loop).result(timeout=60), loop)
            environment = world.local.environment
            assert isinstance(environment, dict)
            environment["PATH"] = warm_plugins.entries(environment["PATH"])
            try:
                yield world
            finally:
                asyncio.run_coroutine_threadsafe(running.__aexit__(None, None, None), loop).result(timeout=60)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


@pytest.fixture(scope="module")
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    """A deployed rehearsal with the settings in the module's DECLARED, in addition to its own."""
    with started(declared=getattr(request.module, "DECLARED", None)) as running:
        running.pulumi("up", "--yes", "--skip-preview")
        yield running


@pytest.fixture
def empty_world() -> Iterator[World]:
    """A world of its own, in which nothing is deployed yet."""
    with started() as running:
        yield running
