"""A whole local world for one run: ACE, Cloudflare and its edge, an empty stack, and the environment for commands."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Coroutine, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import yaml

from rehearsal import environment, process
from rehearsal.ace import LocalAce
from rehearsal.ace.weather import Weather
from rehearsal.cloudflare import LocalCloudflare
from rehearsal.edge import Edge
from toolchain import engine

ROOT = engine.ROOT
STACK = "rehearsal"
ACCOUNT_ID = "0123456789abcdef0123456789abcdef"


@dataclass(frozen=True, slots=True, kw_only=True)
class Local:
    """A running local world; ``environment`` is what its commands see, secrets among it."""

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

    async def stream(self, *command: str) -> int:
        """Run a command in the checkout, its output shown, and return its exit code."""
        return await process.stream(command, environment=self.environment, folder=ROOT)

    async def pulumi(self, *arguments: str) -> str:
        """Run the engine in the checkout and return its output; CommandError when it fails."""
        return await process.capture(("pulumi", *arguments), environment=self.environment, folder=ROOT)

    async def wrangler(self, *arguments: str, given: str | None = None) -> str:
        """Run the real wrangler, as somebody would by hand, in the run's folder; CommandError when it fails."""
        wrangler = str(ROOT / "node_modules" / ".bin" / "wrangler")
        return await process.capture(
            (wrangler, *arguments), environment=self.environment, folder=self.folder, given=given
        )

    async def while_alive(self, work: Coroutine[Any, Any, int]) -> int:
        """Do the work and return its code; end it and raise EdgeError as soon as the edge has ended."""
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
async def running(folder: Path, *, days: int, declared: Mapping[str, Any] | None = None) -> AsyncIterator[Local]:
    """Start everything, with an empty stack that copies ``days`` days, and stop everything at the end.

    ``declared`` are settings of the stack beside the rehearsal's own; an ``etlWorker`` there is a script's name.
    """
    settings = _settings()
    site, name = settings["site"], settings["workerName"]
    own = environment.of(folder, stack=STACK, account_id=ACCOUNT_ID)
    async with AsyncExitStack() as stack:
        edge = await Edge.start(folder=folder, on_trace=lambda script, item: cloudflare.trace(script, item))
        stack.push_async_callback(edge.close)
        cloudflare = LocalCloudflare(edge=edge, account_id=ACCOUNT_ID, api_token=own["CLOUDFLARE_API_TOKEN"])
        stack.push_async_callback(cloudflare.stop)
        api = await cloudflare.start()
        ace = await stack.enter_async_context(LocalAce(key=own["ACE_API_KEY"], sites={site: Weather(site=site)}))
        query_url = await edge.reserve(settings["queryWorkerName"])
        local = Local(
            folder=folder,
            ace=ace,
            edge=edge,
            cloudflare=cloudflare,
            worker_url=await edge.reserve(name),
            worker_name=name,
            query_url=query_url,
            query_name=settings["queryWorkerName"],
            bucket=settings["bucket"],
            environment={
                **own,
                "CLOUDFLARE_BASE_URL": api,
                "CLOUDFLARE_API_BASE_URL": api,
                "REHEARSAL_QUERY_URL": query_url,
            },
        )
        last = date.fromisoformat(settings["startDate"]) + timedelta(days=days - 1)
        await _empty_stack(local, last, declared or {})
        yield local


def _settings() -> dict[str, Any]:
    """Return the configuration that the program will see: the declared defaults under the rehearsal's own values."""
    defaults = {key: item["default"] for key, item in _yaml(ROOT / "Pulumi.yaml")["config"].items()}
    own = _yaml(ROOT / f"Pulumi.{STACK}.yaml")["config"]
    return defaults | {key.partition(":")[2]: value for key, value in own.items()}


async def _empty_stack(local: Local, last: date, declared: Mapping[str, Any]) -> None:
    """Make the stack. The engine writes a new stack's file beside Pulumi.yaml: beside a copy, not in the checkout."""
    (local.folder / "state").mkdir()
    shutil.copy(ROOT / "Pulumi.yaml", local.folder)
    await process.capture(
        ("pulumi", "stack", "init", STACK, "--no-select"), environment=local.environment, folder=local.folder
    )
    file = local.folder / f"Pulumi.{STACK}.yaml"
    stack = _yaml(ROOT / file.name)
    known = {"accountId": ACCOUNT_ID, "workerUrl": local.worker_url, "aceBaseUrl": local.ace.url, "endDate": str(last)}
    stack["config"] |= {f"building-vitals:{key}": value for key, value in (known | dict(declared)).items()}
    if stack["config"].get("building-vitals:queryWorker"):  # set for no worker, it would be a promise that nobody keeps
        stack["config"]["building-vitals:queryUrl"] = local.query_url
    if "etlWorker" in declared:
        stack["config"]["building-vitals:etlWorker"] = await local.edge.reserve(declared["etlWorker"])
    file.write_text(yaml.safe_dump(_yaml(file) | stack))


def _yaml(path: Path) -> dict[str, dict[str, Any]]:
    data: dict[str, dict[str, Any]] = yaml.safe_load(path.read_text())
    return data
