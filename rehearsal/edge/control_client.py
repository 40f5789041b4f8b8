"""The client of the control socket of the edge's Node process: JSON, R2's bytes and a stream of traces."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote

import aiohttp
from yarl import URL

from rehearsal.edge.model import EdgeError, RejectedUpload
from rehearsal.edge.node_process import NodeProcess

OnTrace = Callable[[str, dict[str, Any]], None]

_logger = logging.getLogger(__name__)
_MAX_HEADER_BYTES = 32_768  # 2 kB of an object's metadata, escaped


class _RefusedError(Exception):
    """The edge refused a call. The message is the edge's."""


class ControlClient:
    """One open connection. Every call raises EdgeError after the process has ended."""

    def __init__(self, process: NodeProcess, session: aiohttp.ClientSession, on_trace: OnTrace) -> None:
        self._process = process
        self._session = session
        self._reader = asyncio.create_task(self._read_traces(on_trace))

    @classmethod
    async def open(cls, process: NodeProcess, on_trace: OnTrace | None) -> ControlClient:
        """Connect to the process and pass all its traces to ``on_trace``."""
        session = aiohttp.ClientSession(
            connector=aiohttp.UnixConnector(path=str(process.socket), limit=0),
            timeout=aiohttp.ClientTimeout(total=None),
            auto_decompress=False,
            max_field_size=_MAX_HEADER_BYTES,
            max_line_size=_MAX_HEADER_BYTES,
        )
        return cls(process, session, on_trace or _ignore)

    async def call(self, path: str, arguments: Mapping[str, Any]) -> Any:
        """Send a call and return its result. Raises RejectedUpload."""
        try:
            _, body = await self._send("POST", URL(f"http://edge{path}"), json.dumps(arguments).encode(), {})
        except _RefusedError as refused:
            raise RejectedUpload(str(refused)) from None
        return json.loads(body)

    async def call_bucket(
        self, method: str, bucket: str, key: str = "", *, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> tuple[Mapping[str, str], bytes]:
        """Send a request about an object or (POST) a bucket. An absent object is not an error. Raises ValueError."""
        url = URL(f"http://edge/r2/{quote(bucket, safe='')}?key={quote(key, safe='')}", encoded=True)
        try:
            return await self._send(method, url, body, headers or {})
        except _RefusedError as refused:
            raise ValueError(str(refused)) from None

    async def close(self) -> None:
        """Close the connection. The process goes on."""
        self._reader.cancel()
        await asyncio.gather(self._reader, return_exceptions=True)
        await self._session.close()

    async def _send(
        self, method: str, url: URL, body: bytes, headers: Mapping[str, str]
    ) -> tuple[Mapping[str, str], bytes]:
        self._process.check()
        try:
            async with self._session.request(method, url, data=body, headers=headers) as response:
                answer = await response.read()
        except aiohttp.ClientError:
            await asyncio.sleep(0.1)  # asyncio may not have noticed the end of the process yet
            self._process.check()
            raise EdgeError("the local edge closed the connection during a call") from None
        if response.status in {400, 422}:
            raise _RefusedError(json.loads(answer)["message"])
        if response.status not in {200, 204, 404}:
            raise EdgeError(f"the local edge failed ({response.status}: {answer.decode(errors='replace').strip()})")
        return response.headers, answer

    async def _read_traces(self, on_trace: OnTrace) -> None:
        rest = b""
        try:
            async with self._session.get("http://edge/traces") as response:
                async for chunk in response.content.iter_any():
                    *lines, rest = (rest + chunk).split(b"\n")
                    for line in lines:
                        _pass_on(on_trace, json.loads(line))
        except aiohttp.ClientError:
            _logger.debug("the stream of traces ended")


def _ignore(_script: str, _item: dict[str, Any]) -> None:
    pass


def _pass_on(on_trace: OnTrace, item: dict[str, Any]) -> None:
    try:
        on_trace(item["scriptName"], item)
    except Exception:
        _logger.exception("on_trace failed")
