"""Receives the messages that workers send to queues, on a Unix socket that only workerd knows.

workerd posts one message to ``/message`` and several to ``/batch``, as at Cloudflare. A worker's ``send`` ends when the
answer arrives, so an answer means that the local Cloudflare holds the messages.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import web

_MAX_BODY_BYTES = 1_000_000  # a batch of 256 KB, in base64


class NotSentError(Exception):
    """The messages are refused, with an HTTP status and a text for the worker."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True, slots=True, kw_only=True)
class SentMessage:
    """A message of a worker. ``delay`` is in seconds, None for the queue's own."""

    body: bytes = field(repr=False)
    content_type: str
    delay: int | None


OnSend = Callable[[str, Sequence[SentMessage]], Awaitable[None]]


class QueueSocket:
    """The socket at ``path``. ``on_send`` gets the name of the queue and the messages, and may raise NotSentError."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._runner: web.AppRunner | None = None

    async def start(self, on_send: OnSend) -> None:
        """Listen from now on."""

        async def receive(request: web.Request) -> web.Response:
            read = _read_batch if request.path == "/batch" else _read_message
            try:
                await on_send(request.headers.get("x-queue", ""), await read(request))
            except NotSentError as error:
                return web.Response(status=error.status, text=str(error))
            return web.json_response({"metadata": {"metrics": {}}})

        app = web.Application(client_max_size=_MAX_BODY_BYTES)
        app.add_routes([web.post("/message", receive), web.post("/batch", receive)])
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        await self._runner.setup()
        await web.UnixSite(self._runner, str(self._path)).start()

    async def stop(self) -> None:
        """Stop listening."""
        if self._runner is not None:
            await self._runner.cleanup()


async def _read_message(request: web.Request) -> list[SentMessage]:
    kind = request.headers.get("x-msg-fmt", "v8")
    return [SentMessage(body=await request.read(), content_type=kind, delay=_read_delay(request))]


async def _read_batch(request: web.Request) -> list[SentMessage]:
    common = _read_delay(request)
    items: list[dict[str, Any]] = json.loads(await request.read())["messages"]
    return [
        SentMessage(
            body=base64.b64decode(item["body"]),
            content_type=item.get("contentType", "v8"),
            delay=item.get("delaySecs", common),
        )
        for item in items
    ]


def _read_delay(request: web.Request) -> int | None:
    text = request.headers.get("x-msg-delay-secs")
    return None if text is None else int(text)
