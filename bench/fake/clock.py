"""Time that passes when somebody sleeps or asks, and not otherwise."""

from __future__ import annotations

import threading


class Clock:
    """A clock in seconds; safe across threads."""

    def __init__(self) -> None:
        self._time = 0.0
        self._lock = threading.Lock()

    def __call__(self) -> float:
        """Return the time."""
        return self._time

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        with self._lock:
            self._time += seconds
