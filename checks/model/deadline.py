"""Waiting for what time can cure, inside one deadline that all checks share."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from checks.model.finding import TransientError

FIRST_PAUSE, LONGEST_PAUSE = 0.25, 2.0  # seconds

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadline:
    """One deadline: ``seconds`` long, over at ``end`` by ``clock``; ``sleep`` takes seconds."""

    seconds: float
    end: float
    clock: Callable[[], float]
    sleep: Callable[[float], None]

    @classmethod
    def starting_now(
        cls,
        seconds: float,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> Deadline:
        """Return a deadline that begins now."""
        return cls(seconds=seconds, end=clock() + seconds, clock=clock, sleep=sleep)

    def left(self) -> float:
        """Return the seconds left, never less than 0."""
        return max(0.0, self.end - self.clock())

    def retry(self, ask: Callable[[], T], *, keep: float = 0.0) -> T:
        """Ask until it raises no TransientError, and raise the last one when only ``keep`` seconds would be left."""
        pause = FIRST_PAUSE
        while True:
            try:
                return ask()
            except TransientError as error:
                wait = max(pause, error.after)
                if wait + keep >= self.left():
                    raise
            self.sleep(wait)
            pause = min(2 * pause, LONGEST_PAUSE)
