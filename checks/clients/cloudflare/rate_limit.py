"""Keeps the requests of a run below the limit of Cloudflare's API: 1,200 per 5 minutes and user."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

MAX_REQUESTS = 1_100  # of 1,200, because other programs of the same user send requests as well
PERIOD_SECONDS = 300.0


@dataclass(slots=True, kw_only=True)
class RateLimit:
    """The times of the last requests by a clock in seconds. Several threads may wait for their turn."""

    times: deque[float] = field(default_factory=lambda: deque(maxlen=MAX_REQUESTS))
    lock: threading.Lock = field(default_factory=threading.Lock)

    def reserve(self, clock: Callable[[], float]) -> float:
        """Count one more request. Return the seconds to wait before it is sent."""
        with self.lock:
            now = clock()
            start = now if len(self.times) < MAX_REQUESTS else max(now, self.times[0] + PERIOD_SECONDS)
            self.times.append(start)
            return start - now
