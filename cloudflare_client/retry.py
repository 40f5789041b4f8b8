"""Retries of requests within a bound of attempts and seconds."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from cloudflare_client.errors import CloudflareError

FIRST_PAUSE, LONGEST_PAUSE = 0.5, 4.0  # seconds

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """The bound on retries: ``attempts`` of each request, and no retry after ``end`` by ``clock``.

    ``end`` is common to all requests, so that many slow or failing requests do not add up. ``sleep`` takes seconds.
    """

    attempts: int
    end: float
    clock: Callable[[], float]
    sleep: Callable[[float], None]

    @classmethod
    def start(
        cls,
        *,
        attempts: int = 3,
        seconds: float = 20.0,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> RetryPolicy:
        """Return a policy whose seconds begin now."""
        return cls(attempts=attempts, end=clock() + seconds, clock=clock, sleep=sleep)

    def left(self) -> float:
        """Return the seconds until the end, never less than 0."""
        return max(0.0, self.end - self.clock())

    def run(self, attempt: Callable[[], T]) -> T:
        """Return the result of the first attempt that raises no transient error.

        Raises the last error, with the number of attempts, when the bound is reached. An answer's ``Retry-After`` is
        honoured if it ends before the bound.
        """
        pause, count = FIRST_PAUSE, 0
        while True:
            count += 1
            try:
                return attempt()
            except CloudflareError as error:
                error.attempts = count
                wait = max(pause, error.after)
                if not error.is_transient or count >= self.attempts or wait >= self.left():
                    raise
            self.sleep(wait)
            pause = min(2 * pause, LONGEST_PAUSE)
