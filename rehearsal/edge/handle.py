"""The Python handle over the edge: what the control plane deploys to, and reads buckets from."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

from rehearsal.edge.link import Link, OnTrace
from rehearsal.edge.model import Script
from rehearsal.edge.process import NodeProcess
from rehearsal.trouble import Trouble


class Edge:
    """A running local edge: workers in workerd, each behind a loopback port of its own, and their storage.

    Every method raises EdgeError once the Node process behind it has died or was closed.
    """

    def __init__(self, process: NodeProcess, link: Link) -> None:
        self._process = process
        self._link = link

    @classmethod
    async def start(cls, *, folder: Path, on_trace: OnTrace | None = None, drain_limit: float = 30.0) -> Edge:
        """Start an edge that keeps what workers store in ``folder/edge``, which no other edge may use meanwhile.

        ``on_trace(script_name, TraceItem)`` is called on the running loop for every invocation that ended, in order.
        A change of what is deployed waits ``drain_limit`` seconds at most for what is under way.
        Raises EdgeError, in one line, when Node or its packages are missing.
        """
        process = await NodeProcess.start(folder=folder, drain_limit=drain_limit)
        return cls(process, await Link.open(process, on_trace))

    async def reserve(self, name: str) -> str:
        """Return the script's address, ``http://127.0.0.1:PORT``, the same for the whole run.

        It answers 404 until something is deployed there and enabled.
        """
        address: str = await self._link.call("/reserve", {"name": name})
        return address

    async def deploy(self, name: str, versions: Sequence[tuple[Script, float]], *, enabled: bool) -> None:
        """Serve these versions, each to its percentage of the requests, in place of what the script served before.

        They are tried in a runtime of their own first (one at 0 % is tried and no more). While the shared runtime is
        swapped requests wait, and none fails.
        ``enabled`` opens the address; other workers and crons reach the script in any case. A service binding leads
        to the version with the largest percentage. Raises RejectedUpload, and then all is as it was.
        """
        if not versions or any(share < 0 for _, share in versions) or not any(share for _, share in versions):
            raise ValueError("a deployment needs versions with percentages above 0")
        shares = [{"script": _upload(script), "percentage": share} for script, share in versions]
        await self._link.call("/deploy", {"name": name, "versions": shares, "enabled": enabled})

    async def remove(self, name: str) -> None:
        """Serve nothing there any more; a script that is not deployed is no error."""
        await self._link.call("/remove", {"name": name})

    async def cron(self, name: str, cron: str) -> dict[str, Any]:
        """Fire one scheduled event now, wait for its end, return ``{"outcome": "ok" | "exception" | …}``.

        Raises LookupError when no such script is deployed.
        """
        result: dict[str, Any] | None = await self._link.call("/cron", {"name": name, "cron": cron})
        if result is None:
            raise LookupError(f"no script {name!r} is deployed")
        return result

    async def trouble(self, name: str, trouble: Trouble | None) -> None:
        """Let requests to the script's address meet this on their way, from now on; None ends it."""
        await self._link.call("/trouble", {"name": name, "trouble": None if trouble is None else trouble.to_json()})

    async def met(self, name: str) -> int | None:
        """Return how many requests met the trouble on their way to the script, None where there is none."""
        count: int | None = await self._link.call("/met", {"name": name})
        return count

    async def r2_put(
        self,
        bucket: str,
        key: str,
        body: bytes,
        *,
        http_metadata: Mapping[str, str],
        custom_metadata: Mapping[str, str],
    ) -> dict[str, Any]:
        """Store the bytes as they are and return the object's description (see ``r2_get``).

        ``http_metadata`` has R2's own names: contentType, contentEncoding, contentLanguage, contentDisposition,
        cacheControl, cacheExpiry (ISO 8601). Raises ValueError for what R2 does not take.
        """
        metadata = {"http": dict(http_metadata), "custom": dict(custom_metadata)}
        headers = {"x-object": quote(json.dumps(metadata)), "content-type": "application/octet-stream"}
        _, stored = await self._link.object("PUT", bucket, key, body=body, headers=headers)
        return _json(stored)

    async def r2_get(self, bucket: str, key: str) -> tuple[dict[str, Any], bytes] | None:
        """Return ``({key, size, etag, uploaded, http_metadata, custom_metadata}, bytes)``, None for no such object.

        The bytes are those that were stored, whatever their content encoding; ``uploaded`` is ISO 8601, UTC.
        """
        headers, body = await self._link.object("GET", bucket, key)
        return (json.loads(unquote(headers["x-object"])), body) if "x-object" in headers else None

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
        _, page = await self._link.object("POST", bucket, body=json.dumps(given).encode())
        return _json(page)

    async def r2_delete(self, bucket: str, key: str) -> None:
        """Delete an object; one that is not there is no error."""
        await self._link.object("DELETE", bucket, key)

    async def ended(self) -> None:
        """Wait until the process behind it ends, and raise EdgeError."""
        await self._process.ended()

    async def close(self) -> None:
        """End the edge and every process that it started."""
        await self._link.close()
        await self._process.close()


def _upload(script: Script) -> dict[str, Any]:
    return {
        "name": script.name,
        "modules": {name: base64.b64encode(code).decode() for name, code in script.modules.items()},
        "main_module": script.main_module,
        "compatibility_date": script.compatibility_date,
        "compatibility_flags": list(script.compatibility_flags),
        "bindings": [dict(binding) for binding in script.bindings],
        "version": dict(script.version),
    }


def _json(body: bytes) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(body)
    return value
