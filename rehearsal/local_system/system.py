"""Start ACE, Cloudflare and an empty stack on this machine, and stop them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from rehearsal.ace import LocalAce
from rehearsal.ace.weather import Weather
from rehearsal.clock import Clock
from rehearsal.clock import file as clock_file
from rehearsal.clock.crons import Crons
from rehearsal.cloudflare import LocalCloudflare
from rehearsal.edge import Edge
from rehearsal.local_system import commands, environment, stack
from toolchain import engine

ROOT = engine.ROOT
STACK = stack.STACK
ACCOUNT_ID = "0123456789abcdef0123456789abcdef"
PLANNED = 500  # days at most that the planner has in the queue
CONFORMANCE_NAME = "bv-conformance-rehearsal"  # of the throw-away worker of scripts/conformance


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalSystem:
    """A running local system. ``environment`` is the environment of its commands and contains secrets."""

    folder: Path
    ace: LocalAce
    edge: Edge
    cloudflare: LocalCloudflare
    worker_url: str
    worker_name: str
    query_url: str
    query_name: str
    bucket: str
    environment: Mapping[str, str]
    clock: Clock
    crons: Crons

    async def stream(self, *command: str) -> int:
        """Run a command in the checkout with its output shown, and return its exit code."""
        return await commands.stream(command, environment=self.environment, folder=ROOT)

    async def pulumi(self, *arguments: str) -> str:
        """Run the engine in the checkout and return its output. Raises CommandError when it fails."""
        return await commands.capture(("pulumi", *arguments), environment=self.environment, folder=ROOT)

    async def wrangler(self, *arguments: str, given: str | None = None) -> str:
        """Run the real wrangler in the run's folder and return its output. Raises CommandError when it fails."""
        wrangler = str(ROOT / "node_modules" / ".bin" / "wrangler")
        return await commands.capture(
            (wrangler, *arguments), environment=self.environment, folder=self.folder, given=given
        )

    async def move_clock(self, by: timedelta, *, with_crons: bool = True) -> list[str]:
        """Let time pass, and fire the crons that become due, unless they are dead. Return what fired as lines."""
        lines = await self.crons.advance(self.clock.now() + by, with_crons=with_crons)
        self.write_clock()
        return lines

    async def copy_through_queue(self, days: int) -> None:
        """Let time pass until the crons have sent so many days to the queue, and its consumers have copied them."""
        for _ in range(-(-days // PLANNED) + 1):  # the last one finds that no day is missing
            await self.move_clock(timedelta(minutes=5))

    async def reset_clock(self) -> None:
        """Return to the real time, as a restored system."""
        if self.clock.offset:
            self.clock.reset()
            await self.edge.follow_clock()
            self.crons.forget()
            self.cloudflare.account.broker.wake()
            self.write_clock()

    def write_clock(self) -> None:
        """Write the file that the checks read the time from."""
        clock_file.write(self.environment, self.clock)

    async def run_while_alive(self, work: Coroutine[Any, Any, int]) -> int:
        """Do the work and return its code. Cancels it and raises EdgeError as soon as the edge has ended."""
        working, ending = asyncio.ensure_future(work), asyncio.ensure_future(self.edge.ended())
        try:
            await asyncio.wait({working, ending}, return_when=asyncio.FIRST_COMPLETED)
            if ending.done():
                ending.result()
            return await working
        finally:
            working.cancel()
            ending.cancel()
            await asyncio.gather(working, ending, return_exceptions=True)


@asynccontextmanager
async def run_local_system(
    folder: Path, *, days: int, sites: int = 1, declared: Mapping[str, Any] | None = None
) -> AsyncIterator[LocalSystem]:
    """Start everything, with an empty stack that copies ``days`` days of each site, and stop everything at the end.

    ``declared`` are settings of the stack besides the rehearsal's own. An ``etlWorker`` there is a script's name.
    """
    settings = stack.read_settings()
    copied, name = stack.make_sites(days=days, number=sites), settings["workerName"]
    own = environment.make_environment(folder, stack=STACK, account_id=ACCOUNT_ID)
    async with AsyncExitStack() as running:
        clock = Clock()
        edge = await Edge.start(
            folder=folder, on_trace=lambda script, item: cloudflare.pass_trace(script, item), clock=clock
        )
        running.push_async_callback(edge.close)
        token = own["CLOUDFLARE_API_TOKEN"]
        cloudflare = LocalCloudflare(edge=edge, account_id=ACCOUNT_ID, api_token=token, clock=clock)
        running.push_async_callback(cloudflare.stop)
        api = await cloudflare.start()
        served = {site["name"]: Weather(site=site["name"], seed=seed) for seed, site in enumerate(copied)}
        ace = await running.enter_async_context(LocalAce(key=own["ACE_API_KEY"], sites=served, clock=clock))
        query_url = await edge.reserve(settings["queryWorkerName"])
        local = LocalSystem(
            folder=folder,
            ace=ace,
            edge=edge,
            cloudflare=cloudflare,
            worker_url=await edge.reserve(name),
            worker_name=name,
            query_url=query_url,
            query_name=settings["queryWorkerName"],
            bucket=settings["bucket"],
            clock=clock,
            crons=Crons(account=cloudflare.account, edge=edge, clock=clock),
            environment={
                **own,
                "CLOUDFLARE_BASE_URL": api,
                "CLOUDFLARE_API_BASE_URL": api,
                "REHEARSAL_QUERY_URL": query_url,
                "REHEARSAL_CONFORMANCE_NAME": CONFORMANCE_NAME,
                "REHEARSAL_CONFORMANCE_URL": await edge.reserve(CONFORMANCE_NAME),
                clock_file.VARIABLE: str(folder / "clock.json"),
            },
        )
        local.write_clock()
        own_settings = {"accountId": ACCOUNT_ID, "workerUrl": local.worker_url, "aceBaseUrl": ace.url, "sites": copied}
        await stack.create_stack(
            folder,
            environment=local.environment,
            settings=own_settings | await _resolve_addresses(local, declared or {}),
        )
        yield local


async def _resolve_addresses(local: LocalSystem, declared: Mapping[str, Any]) -> dict[str, Any]:
    """Return the declared settings with the local addresses of the declared workers."""
    settings = dict(declared)
    if settings.get("queryWorker"):  # without a query worker, its URL would declare a worker that does not exist
        settings["queryUrl"] = local.query_url
    if "etlWorker" in settings:
        settings["etlWorker"] = await local.edge.reserve(settings["etlWorker"])
    return settings
