"""Time that passes when somebody sleeps or asks, and not otherwise; checks that wait side by side wait together."""

from __future__ import annotations

import threading

THREAD = "check "  # what the runner calls the thread of a check, before the check's id


class Clock:
    """A clock in seconds for each check, in whose thread it is read: how threads take turns does not matter to it.

    A thread beside a check's own, ``check NAME_N``, has its clock. A check begins when the latest of those before it
    ended; ``watch`` is told of both by the runner. Whoever is no check reads when the last one ended.
    """

    def __init__(self) -> None:
        self._ended = 0.0
        self._times: dict[str, float] = {}
        self._lock = threading.Lock()

    def __call__(self) -> float:
        """Return the time."""
        return self._times.get(_check(), self._ended)

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        name = _check()
        with self._lock:
            if name in self._times:
                self._times[name] += seconds
            else:
                self._ended += seconds

    def watch(self, check: str, result: object | None) -> None:
        """Take in that a check begins, or ended with a result."""
        with self._lock:
            if result is None:
                self._times[THREAD + check] = self._ended
            else:
                self._ended = max(self._ended, self._times.get(THREAD + check, 0.0))


def _check() -> str:
    return threading.current_thread().name.partition("_")[0]
