"""Live logs. A tail is a websocket with one TraceItem per message, sent after the invocation has ended."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from aiohttp import web

from rehearsal.cloudflare.account import Account, read_json_object
from rehearsal.cloudflare.responses import RefusalError, respond
from rehearsal.cloudflare.tail_filters import Filter, parse_filters

PROTOCOL = "trace-v1"
LIFETIME = timedelta(hours=6)
PING_SECONDS = 10


@dataclass(slots=True, kw_only=True)
class Tail:
    """One tail and its websockets."""

    id: str
    script: str
    url: str
    expires_at: str
    filters: tuple[Filter, ...]
    listeners: dict[web.WebSocketResponse, asyncio.Queue[str]] = field(default_factory=dict)

    def describe(self) -> dict[str, str]:
        """Return the API's view of the tail."""
        return {"id": self.id, "url": self.url, "expires_at": self.expires_at}


class Tails:
    """The open tails."""

    def __init__(self) -> None:
        self.open: dict[str, Tail] = {}

    async def create(self, account: Account, request: web.Request) -> web.Response:
        """Open a tail. ``url`` is the URL of its websocket."""
        worker = account.find_worker(request)
        asked = await read_json_object(request) if request.can_read_body else {}
        expires = (account.clock() + LIFETIME).isoformat(timespec="seconds").replace("+00:00", "Z")
        tail_id = uuid.uuid4().hex
        url = f"ws://{request.host}/tails/{tail_id}"
        tail = Tail(
            id=tail_id, script=worker.name, url=url, expires_at=expires, filters=parse_filters(asked.get("filters"))
        )
        self.open[tail_id] = tail
        return respond(tail.describe())

    async def show(self, account: Account, request: web.Request) -> web.Response:
        """List the tails of a script."""
        name = account.find_worker(request).name
        return respond([tail.describe() for tail in self.open.values() if tail.script == name])

    async def delete(self, account: Account, request: web.Request) -> web.Response:
        """Close a tail and its websockets."""
        tail = self.open.get(request.match_info["tail"])
        if tail is None or tail.script != account.find_worker(request).name:
            raise RefusalError(404, 10057, "This tail does not exist on your account.")
        await self._close(tail)
        return respond(None)

    async def listen(self, request: web.Request) -> web.StreamResponse:
        """Send the tail's items until either side ends. Pings show that the listener is alive."""
        tail = self.open.get(request.match_info["tail"])
        if tail is None:
            raise RefusalError(404, 10057, "This tail does not exist on your account.")
        socket = web.WebSocketResponse(protocols=(PROTOCOL,), heartbeat=PING_SECONDS)
        await socket.prepare(request)
        queue: asyncio.Queue[str] = asyncio.Queue()
        tail.listeners[socket] = queue
        sender = asyncio.create_task(_send(queue, socket))
        try:
            async for _message in socket:
                pass
        finally:
            sender.cancel()
            tail.listeners.pop(socket, None)
        return socket

    def feed(self, script: str, item: dict[str, Any]) -> None:
        """Send an invocation to the tails of its script, with the script's name, which the runtime does not know."""
        for tail in self.open.values():
            if tail.script == script and all(accepts(item) for accepts in tail.filters):
                message = json.dumps({**item, "scriptName": script})
                for queue in tail.listeners.values():
                    queue.put_nowait(message)

    async def stop(self) -> None:
        """Close every tail."""
        for tail in list(self.open.values()):
            await self._close(tail)

    async def _close(self, tail: Tail) -> None:
        self.open.pop(tail.id, None)
        for socket in list(tail.listeners):
            await socket.close()


def make_routes(account: Account) -> Iterable[web.RouteDef]:
    """Return the routes of tails and of their websockets, which need no token because their URL cannot be guessed."""
    tails = Tails()
    account.on_trace.append(tails.feed)
    account.on_stop.append(tails.stop)
    return [
        account.make_route("POST", "workers/scripts/{script}/tails", tails.create),
        account.make_route("GET", "workers/scripts/{script}/tails", tails.show),
        account.make_route("DELETE", "workers/scripts/{script}/tails/{tail}", tails.delete),
        web.get("/tails/{tail}", tails.listen),
    ]


async def _send(queue: asyncio.Queue[str], socket: web.WebSocketResponse) -> None:
    while True:
        await socket.send_str(await queue.get())
