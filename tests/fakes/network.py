"""The network between the checks and the fakes: it takes time, resets and cuts off connections, and limits rates."""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Callable, Iterator

import httpx

from tests.fakes.answers import response
from tests.fakes.clock import Clock


class CutOff(httpx.SyncByteStream):
    """The first half of a body, and then the connection's end."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def __iter__(self) -> Iterator[bytes]:
        """Yield the first half."""
        yield self._body[: len(self._body) // 2]
        raise httpx.ReadError("the connection was reset")


class Network:
    """The network to all systems. Without a random source it is perfect.

    The fate of a request depends on the seed and its number among its check's requests to that path.
    ``slowness`` is the longest time of a request in seconds. ``resets`` is the likelihood of a reset.
    ``limited`` holds for a host how many of its next answers are 429, and the seconds of their Retry-After.
    """

    def __init__(self, clock: Clock, seed: int = 0, source: random.Random | None = None) -> None:
        self.slowness = source.choice((0.01, 0.1, 0.4)) if source else 0.0
        self.resets = source.choice((0.0, 0.0, 0.02)) if source else 0.0
        self.limited: dict[str, tuple[int, int]] = {}
        self._seed, self._clock = seed, clock
        self._sent: Counter[str] = Counter()
        self._lock = threading.Lock()

    def carry(self, request: httpx.Request, answer: Callable[[httpx.Request], httpx.Response]) -> httpx.Response:
        """Return the answer to a request, or a network fault."""
        number, luck = self._draw(request)
        if luck < self.resets:
            raise httpx.ReadError("the connection was reset", request=request)
        if luck < 1.5 * self.resets:
            return response(502, b"<html>an error of the proxy</html>")
        if limit := self._limit(request.url.host):
            return limit
        whole = answer(request)
        # Never twice in a row: a query worker cuts an answer off to say that it cannot finish it.
        if luck < 2 * self.resets and number % 2:
            return httpx.Response(whole.status_code, headers=whole.headers, stream=CutOff(whole.read()))
        return whole

    def _draw(self, request: httpx.Request) -> tuple[int, float]:
        """Let the request's time pass. Return its number and its luck."""
        place = f"{threading.current_thread().name} {request.method} {request.url.host}{request.url.path}"
        with self._lock:
            self._sent[place] += 1
            number = self._sent[place]
        if not self.slowness and not self.resets:
            return number, 1.0
        source = random.Random(f"{self._seed} {place} {number}")  # noqa: S311 - no secret depends on it
        self._clock.advance(source.uniform(0, self.slowness))
        return number, source.random()

    def _limit(self, host: str) -> httpx.Response | None:
        with self._lock:
            left, seconds = self.limited.get(host, (0, 0))
            if not left:
                return None
            self.limited[host] = (left - 1, seconds)
        return response(429, b'{"message":"too many requests"}', {"Retry-After": str(seconds)})
