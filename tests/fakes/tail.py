"""The made-up worker's live logs: a websocket that shows each invocation a while after its end, among other things."""

from __future__ import annotations

import contextlib
import json
import queue
import random
from collections.abc import Callable, Iterator
from typing import Any

from websockets.exceptions import ConnectionClosedError

from tests.fakes import manifest

Item = dict[str, Any]
ADDRESS = "wss://tail.example/t1"
SOON = 0.01  # real seconds in which what a check waits for has come, or will not: made-up time does not pass meanwhile
STRANGER: Item = {"event": {"request": {"method": "GET", "url": f"{manifest.URL}/wp-admin"}}, "outcome": "canceled"}
OTHERS: tuple[Item | str, ...] = (STRANGER, "", "[]", '{"event":null}')


class Tail:
    """One tail. ``change`` makes of an item what is sent, None for nothing; ``refused`` is whether none may be opened.

    ``beside`` is what else is sent with each item; ``breaks`` is whether the connection breaks before the first one.
    """

    def __init__(self, source: random.Random) -> None:
        self.change: Callable[[Item], Item | None] = lambda item: item
        self.beside: Item | None = None
        self.refused = False
        self.open = False
        self._items: queue.SimpleQueue[str | Exception] = queue.SimpleQueue()
        self._random = random.Random(source.getrandbits(48))  # noqa: S311 - no secret depends on it
        self._deaf = source.choice((0, 0, 1, 2))  # probes that a tail just opened does not see
        self.breaks = source.choice((False, False, False, True))

    def see(self, method: str, path: str, lines: list[Item], **more: Any) -> None:
        """Take in an invocation of the worker: nothing waits where nobody listens."""
        if self._deaf and self.open:
            self._deaf -= path == "/health"  # what other checks ask meanwhile comes in no order
            return
        request = {"method": method, "url": f"{manifest.URL}{path}", "headers": {}}
        logs = [{"message": [json.dumps(line)], "level": "log", "timestamp": 0} for line in lines]
        item = {"event": {"request": request}, "outcome": "ok", "exceptions": [], "logs": logs, **more}
        shown = self.change(item)
        if self.open and shown is not None:
            for _ in range(self._random.randint(0, 3)):
                self._items.put(TimeoutError())
            if self.breaks:
                self._items.put(ConnectionClosedError(None, None))
                self.breaks = False
            self.send_on(self._random.choice((*OTHERS, None, None, None)) if self.beside is None else self.beside)
            self.send_on(shown)

    def send_on(self, item: Item | str | None) -> None:
        """Let an item, or anything, be the next that is received."""
        if item is not None:
            self._items.put(item if isinstance(item, str) else json.dumps(item))

    @contextlib.contextmanager
    def connect(self, url: str) -> Iterator[Tail]:
        """Open the websocket; what is sent while it is broken comes after it is opened again."""
        if url != ADDRESS:
            raise OSError(url)
        self.open = True
        yield self

    def send(self, message: str) -> None:
        """Take what a client says of itself."""

    def recv(self, timeout: float | None = None) -> str | bytes:
        """Return the next message; raises TimeoutError where none came, and whatever becomes of the connection."""
        try:
            item = self._items.get(timeout=min(SOON, timeout or SOON))
        except queue.Empty:
            raise TimeoutError from None
        if isinstance(item, Exception):
            raise item
        return item
