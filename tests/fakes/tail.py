"""The live logs of a fake script: a websocket that shows each invocation after its end, among other things."""

from __future__ import annotations

import contextlib
import json
import queue
import random
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from websockets.exceptions import ConnectionClosedError

from tests.fakes import manifest

Item = dict[str, Any]
ADDRESS = "wss://tail.example/t1"
SOON = 0.01  # real seconds within which a message has come or will not come: fake time does not pass meanwhile


def trace(method: str, url: str, lines: Sequence[Item] = (), **changes: Any) -> Item:
    """Return the item that a tail sends of a request."""
    logs = [{"message": [json.dumps(line)], "level": "log", "timestamp": 0} for line in lines]
    event = {"request": {"method": method, "url": url, "headers": {}}, "response": {"status": 200}}
    whole = {"event": event, "outcome": "ok", "exceptions": [], "logs": logs, "scriptName": manifest.NAME}
    return whole | changes


ANOTHER = trace("GET", f"{manifest.URL}/wp-admin", outcome="canceled")
OTHERS: tuple[Item | str, ...] = (ANOTHER, "", "[]", '{"event":null}')


class Tail:
    """One tail. Without a random source every item arrives at once, and nothing else arrives.

    ``change`` turns an item into the message that is sent, None for none. ``beside`` is sent before each item.
    ``is_refused``: the API does not open a tail. ``errors`` are raised by the next connections.
    ``breaks``: the connection breaks before the first item. ``items`` holds all that will be received, exceptions
    among it.
    """

    def __init__(self, source: random.Random | None = None) -> None:
        self.url = ADDRESS
        self.change: Callable[[Item], Any] = lambda item: item
        self.beside: Item | None = None
        self.is_refused = self.is_open = False
        self.errors: list[Exception] = []
        self.connected: list[str] = []
        self.sent: list[str] = []
        self.items: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self.breaks = source.choice((False, False, False, True)) if source else False
        self._missed = source.choice((0, 0, 1, 2)) if source else 0  # probes that a tail just opened does not show
        self._random = random.Random(source.getrandbits(48)) if source else None  # noqa: S311 - no secret depends on it
        self._lock = threading.Lock()

    def show(self, item: Item) -> None:
        """Send the item of an invocation, if the tail is open."""
        with self._lock:
            if not self.is_open:
                return
            if self._missed:
                is_probe = item["event"]["request"]["url"].endswith("/health")
                self._missed -= is_probe  # requests of other checks come in any order meanwhile
                return
            shown = self.change(item)
            if shown is not None:
                self._precede()
                self.items.put(shown)

    def _precede(self) -> None:
        """Send all that comes before an item."""
        for _ in range(self._random.randint(0, 3) if self._random else 0):
            self.items.put(TimeoutError())
        if self.breaks:
            self.items.put(ConnectionClosedError(None, None))
            self.breaks = False
        other = self._random.choice((*OTHERS, None, None, None)) if self._random else None
        beside = other if self.beside is None else self.beside
        if beside is not None:
            self.items.put(beside)

    @contextlib.contextmanager
    def connect(self, url: str) -> Iterator[Tail]:
        """Open the websocket. Items that are sent while it is broken arrive after it is opened again."""
        self.connected.append(url)
        if self.errors:
            raise self.errors.pop()
        if url != self.url:
            raise OSError(url)
        self.is_open = True
        yield self

    def send(self, message: str) -> None:
        """Take a message of the client."""
        self.sent.append(message)

    def recv(self, timeout: float | None = None) -> str | bytes:
        """Return the next message. Raises TimeoutError where none has come, and the exceptions among the items."""
        try:
            item = self.items.get(timeout=SOON if timeout is None else min(SOON, timeout))
        except queue.Empty:
            raise TimeoutError from None
        if isinstance(item, Exception):
            raise item
        return item if isinstance(item, str | bytes) else json.dumps(item)
