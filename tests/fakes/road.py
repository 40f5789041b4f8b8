"""What happens to a request on its way: it takes its time, and now and then it is reset, cut off or limited."""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Callable, Iterator

import httpx

from tests.fakes.clock import Clock


class CutOff(httpx.SyncByteStream):
    """The first half of a body, and then the connection's end."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def __iter__(self) -> Iterator[bytes]:
        """Yield what came."""
        yield self._body[: len(self._body) // 2]
        raise httpx.ReadError("the connection was reset")


class Road:
    """The way to all systems. A request's luck depends on the seed and its number among its check's to that path.

    ``resets`` is how likely each is; ``limited`` is how many of the next requests a host answers with 429, and after
    how many seconds it wants the next.
    """

    def __init__(self, seed: int, source: random.Random, clock: Clock) -> None:
        self.slowness = source.choice((0.01, 0.1, 0.4))  # seconds
        self.resets = source.choice((0.0, 0.0, 0.02))
        self.limited: dict[str, tuple[int, int]] = {}
        self._seed, self._clock = seed, clock
        self._asked: Counter[str] = Counter()
        self._lock = threading.Lock()  # one after the other: what is behind the road knows no threads

    def travel(self, request: httpx.Request, answer: Callable[[httpx.Request], httpx.Response]) -> httpx.Response:
        """Answer a request, unless something happens to it."""
        with self._lock:
            place = f"{threading.current_thread().name} {request.method} {request.url.host}{request.url.path}"
            self._asked[place] += 1
            number = self._asked[place]
            source = random.Random(f"{self._seed} {place} {number}")  # noqa: S311 - no secret depends on it
            self._clock.sleep(source.uniform(0, self.slowness))
            luck = source.random()
            if luck < self.resets:
                raise httpx.ReadError("the connection was reset", request=request)
            if luck < 1.5 * self.resets:
                return response(502, b"<html>an error of the proxy</html>")
            if limit := self._limit(request.url.host):
                return limit
            whole = answer(request)
            # Never the same one twice in a row: a query worker says by that, that it cannot finish an answer.
            if luck < 2 * self.resets and number % 2:
                return httpx.Response(whole.status_code, headers=whole.headers, stream=CutOff(whole.read()))
            return whole

    def _limit(self, host: str) -> httpx.Response | None:
        left, seconds = self.limited.get(host, (0, 0))
        if not left:
            return None
        self.limited[host] = (left - 1, seconds)
        return response(429, b'{"message":"too many requests"}', {"Retry-After": str(seconds)})


def response(status: int, body: bytes, headers: dict[str, str] | None = None) -> httpx.Response:
    """Return an answer."""
    return httpx.Response(status, headers=headers, stream=httpx.ByteStream(body))
