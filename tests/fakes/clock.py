"""Time that passes only during a sleep or a request. Checks that wait concurrently wait together."""

from __future__ import annotations

import threading

THREAD = "check "  # the name of a check's thread, before the check's id


class Clock:
    """A clock in seconds for each check, by the thread that reads it: the order of threads does not matter.

    A thread in the background of a check, ``check NAME_N``, has the check's clock. A check begins when the last check
    before it ended, and the runner tells ``watch`` about both. Every other thread reads the end of the last check.
    ``slept`` holds all sleeps.
    """

    def __init__(self) -> None:
        self.slept: list[float] = []
        self._ended = 0.0
        self._times: dict[str, float] = {}
        self._lock = threading.Lock()

    def __call__(self) -> float:
        """Return the time."""
        return self._times.get(_check(), self._ended)

    def sleep(self, seconds: float) -> None:
        """Let time pass, and record it."""
        with self._lock:
            self.slept.append(seconds)
        self.advance(seconds)

    def advance(self, seconds: float) -> None:
        """Let time pass that is not a sleep, as during a request."""
        name = _check()
        with self._lock:
            if name in self._times:
                self._times[name] += seconds
            else:
                self._ended += seconds

    def watch(self, check: str, result: object | None) -> None:
        """Take note of a check that begins (``result`` is None) or ends."""
        with self._lock:
            if result is None:
                self._times[THREAD + check] = self._ended
            else:
                self._ended = max(self._ended, self._times.get(THREAD + check, 0.0))


def _check() -> str:
    return threading.current_thread().name.partition("_")[0]
