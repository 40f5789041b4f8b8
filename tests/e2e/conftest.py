import asyncio
import contextlib
import json
import threading

import pytest

from rehearsal import local_system
from rehearsal.local_system import commands
from rehearsal.local_system.run_folder import open_run_folder
from tests.e2e import warm


class World:
    """A deployed rehearsal in a thread of its own, for tests that are plain functions."""

    def __init__(self, running, loop):
        self.local, self._loop = running, loop

    def wait(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(timeout=120)

    def run(self, *command, **more):
        return self.wait(
            commands.run(command, environment={**self.local.environment, **more}, folder=local_system.ROOT)
        )

    def pulumi(self, *arguments):
        return self.wait(self.local.pulumi(*arguments))

    def checks(self, *arguments):
        """Run the checks as a user does and return the exit code and the JSON report."""
        code, output = self.run(
            "python", "-m", "checks", "run", *arguments, "--stack", local_system.STACK, "--format", "json"
        )
        return code, json.loads(output)

    def objects(self):
        listing = self.wait(self.local.edge.r2_list(self.local.bucket))
        return [item["key"] for item in listing["objects"]]

    def empty_bucket(self):
        for key in self.objects():
            self.wait(self.local.edge.r2_delete(self.local.bucket, key))


@contextlib.contextmanager
def started(days=2, declared=None):
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        with open_run_folder() as folder:
            running = local_system.run_local_system(folder, days=days, declared=declared)
            world = World(asyncio.run_coroutine_threadsafe(running.__aenter__(), loop).result(timeout=60), loop)
            world.local.environment["PATH"] = warm.entries(world.local.environment["PATH"])
            try:
                yield world
            finally:
                asyncio.run_coroutine_threadsafe(running.__aexit__(None, None, None), loop).result(timeout=60)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


@pytest.fixture(scope="module")
def world(request):
    """A deployed world, which declares what the module's DECLARED says, beside the rehearsal's own."""
    with started(declared=getattr(request.module, "DECLARED", None)) as running:
        running.pulumi("up", "--yes", "--skip-preview")
        yield running


@pytest.fixture
def empty_world():
    """A world of its own, in which nothing is deployed yet."""
    with started() as running:
        yield running
