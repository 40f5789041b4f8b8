"""A local Cloudflare over a running edge, without Pulumi, for the tests of Cloudflare's own clients."""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
from collections.abc import Coroutine, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from rehearsal.cloudflare import LocalCloudflare
from rehearsal.edge import Edge

ACCOUNT = "0123456789abcdef0123456789abcdef"
TOKEN = "fake-cloudflare-token-for-rehearsals-0001"
CODE = """export default {
  async fetch(request, env) {
    console.log(JSON.stringify({ tag: "[Page]", path: new URL(request.url).pathname }));
    return Response.json({ run: RUN, key: env.KEY ?? null, stored: await env.BUCKET?.head("key") !== null });
  },
};
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalAccount:
    """A running local Cloudflare, and a client of its account."""

    base: str
    loop: asyncio.AbstractEventLoop
    edge: Edge
    cloudflare: LocalCloudflare
    api: httpx.Client

    def wait(self, call: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(call, self.loop).result(30)

    def seed(self, name: str, *, run: str = "one", bindings: Any = ()) -> None:
        """Upload and open a worker without wrangler."""
        metadata = {"main_module": "worker.js", "compatibility_date": "2026-04-01", "bindings": list(bindings)}
        files: Any = {
            "worker.js": ("worker.js", CODE.replace("RUN", json.dumps(run)), "application/javascript+module"),
            "metadata": (None, json.dumps(metadata)),
        }
        self.api.put(f"workers/scripts/{name}", files=files).raise_for_status()
        self.api.post(f"workers/scripts/{name}/subdomain", json={"enabled": True}).raise_for_status()

    def page(self, name: str, **headers: str) -> Any:
        """Ask the worker at the edge."""
        response = httpx.get(self.wait(self.edge.reserve(name)) + "/seen", headers=headers, trust_env=False)
        return response.raise_for_status().json()

    def result(self, path: str) -> Any:
        """Return the result of a GET that must succeed."""
        return self.api.get(path).raise_for_status().json()["result"]

    def triggers(self, name: str) -> list[str]:
        """Return the trigger of each version, newest first."""
        versions = self.result(f"workers/scripts/{name}/versions")["items"]
        return [version["annotations"]["workers/triggered_by"] for version in versions]

    def unknown_requests(self) -> list[Any]:
        """Return the requests without a route, and those that failed within the local Cloudflare."""
        return [line for line in self.cloudflare.requests if line.code in {7003, 10013}]


@contextlib.contextmanager
def started(folder: Path) -> Iterator[LocalAccount]:
    """Run an account. ``folder`` gets the data of the edge."""

    async def start() -> tuple[Edge, LocalCloudflare, str]:
        edge = await Edge.start(folder=folder, on_trace=lambda name, item: cloudflare.pass_trace(name, item))
        cloudflare = LocalCloudflare(edge=edge, account_id=ACCOUNT, api_token=TOKEN)
        return edge, cloudflare, await cloudflare.start()

    async def stop() -> None:
        await cloudflare.stop()
        await edge.close()

    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    edge, cloudflare, base = asyncio.run_coroutine_threadsafe(start(), loop).result(30)
    headers = {"authorization": f"Bearer {TOKEN}"}
    with httpx.Client(base_url=f"{base}/accounts/{ACCOUNT}/", headers=headers, trust_env=False) as api:
        yield LocalAccount(base=base, loop=loop, edge=edge, cloudflare=cloudflare, api=api)
    asyncio.run_coroutine_threadsafe(stop(), loop).result(30)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(5)
    loop.close()
