"""Reads a worker's live logs from a websocket, which sends one TraceItem per message after each invocation.

Source: docs/reference/cloudflare-api.md, and wrangler's client. The websocket needs no token, because the API returns
an address that cannot be guessed.
"""

from __future__ import annotations

import contextlib
import json
import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from websockets.exceptions import WebSocketException
from websockets.sync import client
from websockets.typing import Subprotocol

from checks.clients.http.client import Http
from checks.clients.tail.open_tails import OpenTails
from checks.model.deadline import Deadline
from checks.model.finding import Inconclusive
from checks.model.urls import is_loopback
from cloudflare_client.httpx_transport import load_certificates

PROTOCOL = "trace-v1"
PING_SECONDS = 10.0  # Cloudflare ends the tail of a silent reader
CONNECT_SECONDS = 5.0  # for one attempt to connect
MAX_ATTEMPTS = 3  # to connect, or to reconnect
PAUSE_SECONDS = 0.5  # between two attempts
MAX_MESSAGE_BYTES = 8 * 2**20
# ImportError is raised for a proxy that needs another package.
CONNECTION_ERRORS = (WebSocketException, OSError, EOFError, ImportError)


class Socket(Protocol):
    """The used part of a websocket. ``recv`` raises TimeoutError without a message in time."""

    def send(self, message: str, /) -> None:
        """Send one message."""

    def recv(self, timeout: float | None = None) -> str | bytes:
        """Return the next message."""


Connect = Callable[[str], AbstractContextManager[Socket]]
FindSecret = Callable[[bytes], str]  # returns the name of a secret in a text, or an empty text


def connect(url: str) -> AbstractContextManager[Socket]:
    """Connect to a tail's websocket, with the same certificates and proxies as every other request."""
    return client.connect(
        url,
        subprotocols=[Subprotocol(PROTOCOL)],
        ssl=load_certificates() if url.startswith("wss://") else None,
        proxy=None if is_loopback(url) else True,
        open_timeout=CONNECT_SECONDS,
        ping_interval=PING_SECONDS,
        ping_timeout=PING_SECONDS,
        close_timeout=1,
        max_size=MAX_MESSAGE_BYTES,
        logger=_create_silent_logger(),
    )


@dataclass(slots=True, kw_only=True)
class Tail:
    """An open tail. ``gaps`` counts broken connections, after which messages may be missing."""

    http: Http
    url: str
    connect: Connect
    gaps: int = 0
    find_secret: FindSecret = lambda _text: ""
    _connection: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)
    _socket: Socket | None = None

    def read_item(self, seconds: float) -> Mapping[str, Any] | None:
        """Return the next TraceItem, or None without one in that time. Reconnects after a broken connection.

        Raises Inconclusive where it cannot connect.
        """
        socket = self.ensure_connected()
        try:
            message = socket.recv(timeout=seconds)
        except TimeoutError:
            return None
        except CONNECTION_ERRORS:
            self.gaps += 1
            self.close()
            return None
        try:
            item = json.loads(message)
        except (ValueError, RecursionError):
            return None
        return item if isinstance(item, dict) else None

    def close(self) -> None:
        """Close the connection, also a broken one."""
        self._socket = None
        with contextlib.suppress(*CONNECTION_ERRORS):
            self._connection.close()

    def ensure_connected(self) -> Socket:
        """Return the connection, after connecting where there is none."""
        deadline, error = self.http.deadline, ""
        for attempt in range(0 if self._socket else MAX_ATTEMPTS):
            if attempt and not deadline.left():
                break
            if attempt:
                deadline.sleep(min(PAUSE_SECONDS, deadline.left()))
            try:
                socket = self._connection.enter_context(self.connect(self.url))
                socket.send('{"debug":false}')
            except CONNECTION_ERRORS as broken:
                error = type(broken).__name__  # its text may contain the address, which is as secret as a token
                self.close()
            else:
                self._socket = socket
                break
        if self._socket is None:
            raise Inconclusive(self.http.describe_failure("the tail's websocket", "a connection", error))
        return self._socket


@contextlib.contextmanager
def open_tail(
    tails: OpenTails, connect: Connect, *, within: Deadline, find_secret: FindSecret = lambda _text: ""
) -> Iterator[Tail]:
    """Yield a connected tail of the live logs, opened within a deadline. It is always closed.

    Raises Inconclusive where the API refuses a tail (token, or ten open tails), or returns an insecure address.
    """
    http = tails.http
    name, url = tails.open(within)
    tail = Tail(http=replace(http, deadline=within), url=url, connect=connect, find_secret=find_secret)
    try:
        if not _is_confidential(url):
            finding = http.describe_failure(
                "the tail's websocket", "a wss:// address", f"{url.partition(':')[0][:10]}:"
            )
            raise Inconclusive(finding)
        tail.ensure_connected()
        tail.http = http
        yield tail
    finally:
        tail.close()
        tails.close(name)


def _create_silent_logger() -> logging.Logger:
    """Return a logger that writes nothing, because a log line could show the secret address. Errors are raised."""
    logger = logging.getLogger(__name__)
    logger.setLevel(logging.CRITICAL + 1)
    return logger


def _is_confidential(url: str) -> bool:
    return url.startswith("wss://") or (url.startswith("ws://") and is_loopback(url))
