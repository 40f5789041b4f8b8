"""The open tails of a run. Each is closed with its check, or at the end of the run where the check is still running."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from checks.clients.cloudflare.tails import Tails
from checks.clients.http.client import Http
from checks.model.deadline import Deadline
from checks.model.finding import Cause, Inconclusive

CLOSE_SECONDS = 3.0  # to close a tail, also after the deadline of the run


@dataclass(slots=True, kw_only=True)
class OpenTails:
    """The tails of one worker. A worker may have ten, and one that is not closed stays for hours.

    Methods may be called by several threads.
    """

    tails: Tails
    script: str
    _names: set[str] = field(default_factory=set)
    _requests: int = 0  # that open or close a tail now
    _ended: bool = False
    _changed: threading.Condition = field(default_factory=threading.Condition)

    @property
    def http(self) -> Http:
        """Return the client of Cloudflare's API."""
        return self.tails.transport.http

    def open(self, within: Deadline) -> tuple[str, str]:
        """Open a tail. Return its id and the URL of its websocket. Raises Inconclusive."""
        with self._changed:
            if self._ended:
                raise Inconclusive(self.http.describe_failure("a tail", "a run", "the run has ended", Cause.CHECKER))
            self._requests += 1
        with self._end_request():
            name, url = self._limit(within).open(self.script)
            with self._changed:
                self._names.add(name)
        return name, url

    def close(self, name: str) -> None:
        """Close a tail, unless it is closed. Where the API refuses, the tail ends by itself, hours later."""
        with self._changed:
            if name not in self._names:
                return
            self._names.remove(name)
            self._requests += 1
        deadline = self.http.deadline
        limited = Deadline.starting_now(CLOSE_SECONDS, clock=deadline.clock, sleep=deadline.sleep)
        with self._end_request(), contextlib.suppress(Inconclusive):
            self._limit(limited).close(self.script, name)

    def close_all(self) -> None:
        """Open no further tail, wait for requests under way, and close each open tail."""
        with self._changed:
            self._ended = True
            self._changed.wait_for(lambda: not self._requests, timeout=CLOSE_SECONDS)
            names = tuple(self._names)
        for name in names:
            self.close(name)

    @contextlib.contextmanager
    def _end_request(self) -> Iterator[None]:
        try:
            yield
        finally:
            with self._changed:
                self._requests -= 1
                self._changed.notify_all()

    def _limit(self, deadline: Deadline) -> Tails:
        transport = self.tails.transport
        return Tails(transport=replace(transport, http=replace(transport.http, deadline=deadline)))
