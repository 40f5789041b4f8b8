"""A LocalCloudflare with a recording edge, in a thread of its own, so that tests are written as a client."""

from __future__ import annotations

import asyncio
import json
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import httpx
import pytest

from rehearsal.cloudflare import LocalCloudflare
from rehearsal.edge import Edge, RejectedUpload, Script
from rehearsal.edge.queue_socket import OnSend

ACCOUNT = "0123456789abcdef0123456789abcdef"
TOKEN = "fake-cloudflare-token-for-rehearsals-0001"
WORKER = b"export default { fetch() { return new Response('one') } }"


@dataclass(slots=True)
class FakeEdge:
    """A recording edge. A module with ``reject`` is rejected, and one with ``break`` makes the edge fail."""

    served: dict[str, tuple[list[tuple[Script, float]], bool]] = field(default_factory=dict)
    deploys: int = 0
    on_send: OnSend | None = None
    objects: dict[tuple[str, str], tuple[dict[str, Any], bytes]] = field(default_factory=dict)
    delivered: list[tuple[str, str, list[Mapping[str, Any]]]] = field(default_factory=list)

    async def receive_sent(self, on_send: OnSend) -> None:
        self.on_send = on_send

    async def deliver(self, name: str, queue: str, messages: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        self.delivered.append((name, queue, list(messages)))
        return {"outcome": "ok"}

    async def deploy(
        self, name: str, versions: Sequence[tuple[Script, float]], *, enabled: bool, trial: Script | None = None
    ) -> None:
        self.deploys += 1
        for script in [*(script for script, _ in versions), *([] if trial is None else [trial])]:
            code = script.modules[script.main_module]
            secrets = [item["text"] for item in script.bindings if item["type"] == "secret_text"]
            if b"reject" in code:
                raise RejectedUpload(f"Uncaught Error: {' '.join(secrets)}\n  at worker.js:1")
            if b"break" in code:
                raise ValueError(f"a fault that repeats {secrets}")
        self.served[name] = (list(versions), enabled)

    async def remove(self, name: str) -> None:
        del self.served[name]

    async def r2_put(
        self,
        bucket: str,
        key: str,
        body: bytes,
        *,
        http_metadata: Mapping[str, str],
        custom_metadata: Mapping[str, str],
    ) -> dict[str, Any]:
        if len(key) > 1024:
            raise ValueError(key)
        item = {
            "key": key,
            "size": len(body),
            "etag": "0" * 32,
            "uploaded": "2026-01-01T00:00:00.000Z",
            "http_metadata": dict(http_metadata),
            "custom_metadata": dict(custom_metadata),
        }
        self.objects[bucket, key] = (item, body)
        return item

    async def r2_get(self, bucket: str, key: str) -> tuple[dict[str, Any], bytes] | None:
        return self.objects.get((bucket, key))

    async def r2_delete(self, bucket: str, key: str) -> None:
        self.objects.pop((bucket, key), None)

    async def r2_list(
        self,
        bucket: str,
        *,
        prefix: str = "",
        cursor: str | None = None,
        limit: int = 1000,
        delimiter: str | None = None,
        start_after: str | None = None,
    ) -> dict[str, Any]:
        if cursor and "?" in cursor:
            raise ValueError(cursor)
        after = cursor or start_after or ""
        keys = sorted(key for place, key in self.objects if place == bucket and key.startswith(prefix) and key > after)
        folders = set()
        if delimiter:
            folders = {
                prefix + key[len(prefix) :].split(delimiter)[0] + delimiter
                for key in keys
                if delimiter in key[len(prefix) :]
            }
            keys = [key for key in keys if delimiter not in key[len(prefix) :]]
        page = keys[:limit]
        return {
            "objects": [self.objects[bucket, key][0] for key in page],
            "truncated": len(keys) > limit,
            "cursor": page[-1] if len(keys) > limit else None,
            "delimited_prefixes": sorted(folders),
        }


@dataclass(slots=True)
class Account:
    """A client of one account, and the parts behind it."""

    base: str
    http: httpx.Client
    edge: FakeEdge
    cloudflare: LocalCloudflare
    loop: asyncio.AbstractEventLoop

    def upload(
        self, name: str = "page", *, code: bytes = WORKER, path: str = "", method: str = "PUT", **metadata: Any
    ) -> httpx.Response:
        """Upload a worker of one module."""
        meta = {"main_module": "worker.js", "compatibility_date": "2026-04-01", "bindings": [], **metadata}
        files: Any = {
            "worker.js": ("worker.js", code, "application/javascript+module"),
            "metadata": (None, json.dumps(meta).encode()),
        }
        return self.http.request(method, f"workers/scripts/{name}{path or '?excludeScript=true'}", files=files)

    def result(self, path: str) -> Any:
        """Return the result of a GET that must succeed."""
        response = self.http.get(path)
        assert response.status_code == 200, response.text
        return response.json()["result"]

    def env(self, name: str = "page") -> dict[str, Any]:
        """Return the live bindings at the edge by name."""
        versions, _ = self.edge.served[name]
        return {item["name"]: item for item in versions[0][0].bindings}

    def trace(self, script: str, item: dict[str, Any]) -> None:
        """Feed a trace, as the edge does, on the server's own loop."""
        self.loop.call_soon_threadsafe(self.cloudflare.pass_trace, script, item)


@pytest.fixture
def account() -> Iterator[Account]:
    edge = FakeEdge()
    cloudflare = LocalCloudflare(edge=cast(Edge, edge), account_id=ACCOUNT, api_token=TOKEN)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    base = asyncio.run_coroutine_threadsafe(cloudflare.start(), loop).result(5)
    headers = {"authorization": f"Bearer {TOKEN}"}
    bare = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # loading certificates takes longer than most tests here
    with httpx.Client(base_url=f"{base}/accounts/{ACCOUNT}/", headers=headers, trust_env=False, verify=bare) as http:
        yield Account(base=base, http=http, edge=edge, cloudflare=cloudflare, loop=loop)
    asyncio.run_coroutine_threadsafe(cloudflare.stop(), loop).result(5)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(5)
    loop.close()


@pytest.fixture
def code() -> Callable[[httpx.Response], tuple[int, int]]:
    """Return the status and Cloudflare's code of a refusal."""
    return lambda response: (response.status_code, response.json()["errors"][0]["code"])
