"""Retries within one deadline that all checks share."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeVar

from checks.model.finding import TransientError

FIRST_PAUSE, MAX_PAUSE = 0.25, 2.0  # seconds
GRACE_SECONDS = 0.25

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadline:
    """A deadline of so many ``seconds``, which is over at the time ``end`` of ``clock``. ``sleep`` takes seconds.

    In the ``grace`` beyond it (seconds) a check may report the request that it waited for.
    """

    seconds: float
    end: float
    clock: Callable[[], float]
    sleep: Callable[[float], None]
    grace: float = GRACE_SECONDS

    @classmethod
    def starting_now(
        cls,
        seconds: float,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        grace: float = GRACE_SECONDS,
    ) -> Deadline:
        """Return a deadline that starts now."""
        return cls(seconds=seconds, end=clock() + seconds, clock=clock, sleep=sleep, grace=grace)

    def shorten(self, seconds: float) -> Deadline:
        """Return a deadline that is over in so many seconds, and never later than this one."""
        seconds = min(seconds, self.left())
        return replace(self, seconds=seconds, end=self.clock() + seconds)

    def left(self) -> float:
        """Return the seconds left, never less than 0."""
        return max(0.0, self.end - self.clock())

    def retry(self, function: Callable[[], T], *, keep: float = 0.0) -> T:
        """Call the function until it raises no TransientError. Raise that error when only ``keep`` seconds are left.

        Where the deadline cut a request short, the error of an earlier one is raised: it had its full time.
        """
        last: TransientError | None = None
        pause = FIRST_PAUSE
        while True:
            try:
                return function()
            except TransientError as error:
                last = error if last is None or not error.cut_short else last
                wait = max(pause, error.after)
                if wait + keep >= self.left():
                    raise last from None
            self.sleep(wait)
            pause = min(2 * pause, MAX_PAUSE)
