"""Live logs: a tail is a websocket that gets one TraceItem a message, after its invocation has ended."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from aiohttp import web

from rehearsal.cloudflare.api import Api, json_object
from rehearsal.cloudflare.envelope import ApiError, ok
from rehearsal.cloudflare.tail_filters import Filter, parse

PROTOCOL = "trace-v1"
LIFE = timedelta(hours=6)
PING_SECONDS = 10


@dataclass(slots=True, kw_only=True)
class Tail:
    """One tail, and the websockets that listen to it."""

    id: str
    script: str
    url: str
    expires_at: str
    filters: tuple[Filter, ...]
    listeners: dict[web.WebSocketResponse, asyncio.Queue[str]] = field(default_factory=dict)

    def shown(self) -> dict[str, str]:
        """Return what the API says of it."""
        return {"id": self.id, "url": self.url, "expires_at": self.expires_at}


class Tails:
    """The tails that are open."""

    def __init__(self) -> None:
        self.open: dict[str, Tail] = {}

    async def create(self, api: Api, request: web.Request) -> web.Response:
        """Open a tail; ``url`` is where its websocket is."""
        worker = api.worker(request)
        asked = await json_object(request) if request.can_read_body else {}
        expires = (api.clock() + LIFE).isoformat(timespec="seconds").replace("+00:00", "Z")
        tail_id = uuid.uuid4().hex
        url = f"ws://{request.host}/tails/{tail_id}"
        tail = Tail(id=tail_id, script=worker.name, url=url, expires_at=expires, filters=parse(asked.get("filters")))
        self.open[tail_id] = tail
        return ok(tail.shown())

    async def show(self, api: Api, request: web.Request) -> web.Response:
        """List the tails of a script."""
        name = api.worker(request).name
        return ok([tail.shown() for tail in self.open.values() if tail.script == name])

    async def delete(self, api: Api, request: web.Request) -> web.Response:
        """Close a tail and its websockets."""
        tail = self.open.get(request.match_info["tail"])
        if tail is None or tail.script != api.worker(request).name:
            raise ApiError(404, 10057, "This tail does not exist on your account.")
        await self._close(tail)
        return ok(None)

    async def listen(self, request: web.Request) -> web.StreamResponse:
        """Send what the tail gets until either side ends; pings show that the listener is there."""
        tail = self.open.get(request.match_info["tail"])
        if tail is None:
            raise ApiError(404, 10057, "This tail does not exist on your account.")
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
        """Hand an invocation to the tails of its script; the runtime does not know the script's name, so it is set."""
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


def routes(api: Api) -> Iterable[web.RouteDef]:
    """Serve tails and their websockets, which need no token: their address cannot be guessed."""
    tails = Tails()
    api.on_trace.append(tails.feed)
    api.on_stop.append(tails.stop)
    return [
        api.route("POST", "workers/scripts/{script}/tails", tails.create),
        api.route("GET", "workers/scripts/{script}/tails", tails.show),
        api.route("DELETE", "workers/scripts/{script}/tails/{tail}", tails.delete),
        web.get("/tails/{tail}", tails.listen),
    ]


async def _send(queue: asyncio.Queue[str], socket: web.WebSocketResponse) -> None:
    while True:
        await socket.send_str(await queue.get())
