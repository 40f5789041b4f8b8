"""A worker's live logs: a websocket that gets one TraceItem a message, after its invocation has ended.

Source: cloudflare-api.md of the project, and wrangler's own client. No token goes this way: the API's answer names an
address that cannot be guessed.
"""

from __future__ import annotations

import contextlib
import json
import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import httpx
from websockets.exceptions import WebSocketException
from websockets.sync import client
from websockets.typing import Subprotocol

from checks.clients.cloudflare.tails import Tails
from checks.clients.http.client import Http
from checks.model.deadline import Deadline
from checks.model.finding import Inconclusive
from checks.model.urls import is_loopback

PROTOCOL = "trace-v1"
PING = 10.0  # seconds: Cloudflare ends a tail whose reader is silent
OPEN = 5.0  # seconds for one attempt to connect
ATTEMPTS = 3  # to connect, or to connect again
PAUSE = 0.5  # seconds between them
LARGEST = 8 * 2**20  # bytes of one message
BROKEN = (WebSocketException, OSError, EOFError, ImportError)  # the last: a proxy of a kind that needs more


class Socket(Protocol):
    """What is used of a websocket; ``recv`` raises TimeoutError when nothing came in time."""

    def send(self, message: str, /) -> None:
        """Send one message."""

    def recv(self, timeout: float | None = None) -> str | bytes:
        """Return the next message."""


Connect = Callable[[str], AbstractContextManager[Socket]]


def connect(url: str) -> AbstractContextManager[Socket]:
    """Connect to a tail's websocket: certificates as in every other request, no proxy towards this machine itself."""
    return client.connect(
        url,
        subprotocols=[Subprotocol(PROTOCOL)],
        ssl=httpx.create_ssl_context() if url.startswith("wss://") else None,
        proxy=None if is_loopback(url) else True,
        open_timeout=OPEN,
        ping_interval=PING,
        ping_timeout=PING,
        close_timeout=1,
        max_size=LARGEST,
        logger=_silent(),
    )


@dataclass(slots=True, kw_only=True)
class Tail:
    """An open tail; ``gaps`` is how often the connection broke, and messages may be lost."""

    http: Http
    url: str
    connect: Connect
    gaps: int = 0
    _held: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)
    _socket: Socket | None = None

    def item(self, seconds: float) -> Mapping[str, Any] | None:
        """Return the next TraceItem, None if none came in that time; connects again where the connection breaks.

        Raises Inconclusive when it cannot be connected.
        """
        socket = self.connected()
        try:
            message = socket.recv(timeout=seconds)
        except TimeoutError:
            return None
        except BROKEN:
            self.gaps += 1
            self.close()
            return None
        try:
            item = json.loads(message)
        except (ValueError, RecursionError):
            return None
        return item if isinstance(item, dict) else None

    def close(self) -> None:
        """End the connection, however it is."""
        self._socket = None
        with contextlib.suppress(*BROKEN):
            self._held.close()

    def connected(self) -> Socket:
        """Return the connection, made anew if there is none."""
        deadline, error = self.http.deadline, ""
        for attempt in range(0 if self._socket else ATTEMPTS):
            if attempt and not deadline.left():
                break
            if attempt:
                deadline.sleep(min(PAUSE, deadline.left()))
            try:
                socket = self._held.enter_context(self.connect(self.url))
                socket.send('{"debug":false}')
            except BROKEN as broken:
                error = type(broken).__name__  # its text may hold the address, which is as good as a token
                self.close()
            else:
                self._socket = socket
                break
        if self._socket is None:
            raise Inconclusive(self.http.finding("the tail's websocket", "a connection", error))
        return self._socket


@contextlib.contextmanager
def open_tail(tails: Tails, script: str, connect: Connect, *, within: Deadline) -> Iterator[Tail]:
    """Yield a connected tail of a script's live logs, opened within a deadline, and close it in any case.

    Raises Inconclusive when the API opens none (its token may not, or ten are open), or returns an insecure address.
    """
    http = tails.transport.http
    hurried = replace(http, deadline=within)
    name, url = Tails(transport=replace(tails.transport, http=hurried)).open(script)
    tail = Tail(http=hurried, url=url, connect=connect)
    try:
        if not _is_private(url):
            finding = http.finding("the tail's websocket", "an address of wss://", f"{url.partition(':')[0][:10]}:")
            raise Inconclusive(finding)
        tail.connected()
        tail.http = http
        yield tail
    finally:
        tail.close()
        with contextlib.suppress(Inconclusive):  # then it ends by itself, hours later
            tails.close(script, name)


def _silent() -> logging.Logger:
    """Return a logger that writes nothing to standard error: what fails is raised, and an address stays here."""
    logger = logging.getLogger(__name__)
    logger.setLevel(logging.CRITICAL + 1)
    return logger


def _is_private(url: str) -> bool:
    return url.startswith("wss://") or (url.startswith("ws://") and is_loopback(url))
