"""The local edge as the control plane uses it: deployments, addresses, buckets and network faults."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

from rehearsal.clock import Clock
from rehearsal.edge.control_client import ControlClient, OnTrace
from rehearsal.edge.model import Script
from rehearsal.edge.node_process import NodeProcess
from rehearsal.edge.queue_socket import OnSend, QueueSocket
from rehearsal.network_faults import FaultInjectionPoint, FaultProxy, NetworkFault


class Edge:
    """A running local edge: workers in workerd, each at a loopback port of its own, and their storage.

    Every method raises EdgeError after the Node process has died or the edge was closed.
    """

    def __init__(self, process: NodeProcess, control: ControlClient, clock: Clock) -> None:
        self._process = process
        self._control = control
        self._clock = clock
        self._proxies: dict[str, FaultProxy] = {}  # by script
        self._sent = QueueSocket(process.socket.with_name("q"))

    @classmethod
    async def start(
        cls,
        *,
        folder: Path,
        on_trace: OnTrace | None = None,
        drain_limit: float = 30.0,
        clock: Clock | None = None,
    ) -> Edge:
        """Start an edge that keeps the workers' storage in ``folder/edge``, which no other edge may use meanwhile.

        ``on_trace(script_name, TraceItem)`` is called on the running loop for every finished invocation, in order.
        A deployment waits at most ``drain_limit`` seconds for the present requests. ``clock`` is the rehearsal's time.
        Raises EdgeError, in one line, when Node or its packages are missing.
        """
        process = await NodeProcess.start(folder=folder, drain_limit=drain_limit)
        return cls(process, await ControlClient.open(process, on_trace), Clock() if clock is None else clock)

    async def reserve(self, name: str) -> str:
        """Return the script's address, ``http://127.0.0.1:PORT``, the same for the whole run.

        The address answers 404 until the script is deployed and enabled.
        """
        address: str = await self._control.call("/reserve", {"name": name})
        return address

    async def deploy(
        self, name: str, versions: Sequence[tuple[Script, float]], *, enabled: bool, trial: Script | None = None
    ) -> None:
        """Serve each version to its percentage of the requests, in place of the script's earlier versions.

        A version with code that never started on this machine is tried in a runtime of its own first. ``trial`` is only
        tried. A version at 0 % serves the requests that choose it by `Cloudflare-Workers-Version-Overrides`. Requests
        wait while the shared runtime is swapped, and none fails.
        ``enabled`` opens the address. Other workers and crons reach the script in any case. A service binding leads
        to the version with the largest percentage. Raises RejectedUpload, and then nothing has changed.
        """
        if not versions or any(share < 0 for _, share in versions) or not any(share for _, share in versions):
            raise ValueError("a deployment needs versions with percentages above 0")
        shares = [{"script": _to_json(script), "percentage": share} for script, share in versions]
        given = {
            "name": name,
            "versions": shares,
            "enabled": enabled,
            "trial": None if trial is None else _to_json(trial),
        }
        await self._control.call("/deploy", given)

    async def remove(self, name: str) -> None:
        """Stop serving the script. A script that is not deployed is not an error."""
        await self._control.call("/remove", {"name": name})

    async def follow_clock(self) -> None:
        """Give all workers the present offset of the clock. Requests wait meanwhile, and workers lose their memory."""
        moves = [[moment.timestamp() * 1000, offset.total_seconds() * 1000] for moment, offset in self._clock.moves]
        await self._control.call("/clock", {"moves": moves})

    async def fire_cron(self, name: str, cron: str, at: datetime | None = None) -> dict[str, Any]:
        """Fire one scheduled event, wait for its end, and return ``{"outcome": "ok" | "exception" | …}``.

        ``at`` is its scheduled time, None: now. Raises LookupError when no such script is deployed.
        """
        time = None if at is None else at.timestamp() * 1000
        result: dict[str, Any] | None = await self._control.call("/cron", {"name": name, "cron": cron, "time": time})
        if result is None:
            raise LookupError(f"no script {name!r} is deployed")
        return result

    async def deliver(self, name: str, queue: str, messages: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """Call the script's queue handler with these messages and return its result, once it has ended.

        A message is ``{"id", "timestamp" (ms), "attempts", "content_type", "body" (base64)}``. The result is
        ``{"outcome": "ok" | "exception" | "killed" | …}`` and has the acknowledged and the retried messages.
        Raises LookupError when no such script is deployed.
        """
        given = {"name": name, "queue": queue, "messages": [dict(message) for message in messages]}
        result: dict[str, Any] | None = await self._control.call("/queue", given)
        if result is None:
            raise LookupError(f"no script {name!r} is deployed")
        return result

    async def receive_sent(self, on_send: OnSend) -> None:
        """Pass every batch that a worker sends to a queue to ``on_send``, and answer the worker when it returns."""
        await self._sent.start(on_send)

    async def set_network_fault(self, name: str, fault: NetworkFault | None) -> None:
        """Set the network fault in front of the script's address (None: no fault).

        Requests go through a proxy while a fault is set, and directly to the worker otherwise.
        """
        if name not in self._proxies:
            if fault is None:
                return
            self._proxies[name] = FaultProxy()
            await self._proxies[name].start()
        proxy = self._proxies[name]
        proxy.point.fault = fault
        proxy.forward_to(await self._control.call("/proxy", {"name": name, "proxy": proxy.url if fault else None}))

    def network_of(self, name: str) -> FaultInjectionPoint | None:
        """Return the fault injection point of the script, None when it never had a network fault."""
        proxy = self._proxies.get(name)
        return None if proxy is None else proxy.point

    async def r2_put(
        self,
        bucket: str,
        key: str,
        body: bytes,
        *,
        http_metadata: Mapping[str, str],
        custom_metadata: Mapping[str, str],
    ) -> dict[str, Any]:
        """Store the bytes unchanged and return the object's description (see ``r2_get``).

        ``http_metadata`` has R2's own names: contentType, contentEncoding, contentLanguage, contentDisposition,
        cacheControl, cacheExpiry (ISO 8601). Raises ValueError when R2 refuses the object.
        """
        metadata = {"http": dict(http_metadata), "custom": dict(custom_metadata)}
        headers = {"x-object": quote(json.dumps(metadata)), "content-type": "application/octet-stream"}
        _, stored = await self._control.call_bucket("PUT", bucket, key, body=body, headers=headers)
        return self._date(_load(stored))

    async def r2_get(self, bucket: str, key: str) -> tuple[dict[str, Any], bytes] | None:
        """Return ``({key, size, etag, uploaded, http_metadata, custom_metadata}, bytes)``, None for an absent object.

        The bytes are the stored ones with any content encoding. ``uploaded`` is ISO 8601, UTC.
        """
        headers, body = await self._control.call_bucket("GET", bucket, key)
        return (self._date(json.loads(unquote(headers["x-object"]))), body) if "x-object" in headers else None

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
        """Return one page of at most ``limit`` (1 to 1,000): ``{objects, truncated, cursor, delimited_prefixes}``."""
        if not 1 <= limit <= 1000:
            raise ValueError("a page holds 1 to 1,000 objects")
        options = {"prefix": prefix, "cursor": cursor, "delimiter": delimiter, "startAfter": start_after}
        given = {name: value for name, value in options.items() if value is not None} | {"limit": limit}
        _, body = await self._control.call_bucket("POST", bucket, body=json.dumps(given).encode())
        page = _load(body)
        return {**page, "objects": [self._date(item) for item in page["objects"]]}

    async def r2_delete(self, bucket: str, key: str) -> None:
        """Delete an object. An absent object is not an error."""
        await self._control.call_bucket("DELETE", bucket, key)

    def _date(self, item: dict[str, Any]) -> dict[str, Any]:
        """Return an object's description with its upload time by the rehearsal's clock, not by the real one."""
        uploaded = self._clock.shift(datetime.fromisoformat(item["uploaded"]))
        return {**item, "uploaded": uploaded.isoformat(timespec="milliseconds").replace("+00:00", "Z")}

    async def ended(self) -> None:
        """Wait until the Node process ends, and raise EdgeError."""
        await self._process.ended()

    async def close(self) -> None:
        """End the edge and every process that it started."""
        for proxy in self._proxies.values():
            await proxy.stop()
        await self._sent.stop()
        await self._control.close()
        await self._process.close()


def _to_json(script: Script) -> dict[str, Any]:
    return {
        "name": script.name,
        "modules": {name: base64.b64encode(code).decode() for name, code in script.modules.items()},
        "main_module": script.main_module,
        "compatibility_date": script.compatibility_date,
        "compatibility_flags": list(script.compatibility_flags),
        "bindings": [dict(binding) for binding in script.bindings],
        "version": dict(script.version),
    }


def _load(body: bytes) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(body)
    return value
