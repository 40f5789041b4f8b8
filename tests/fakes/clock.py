"""Time that passes only during a sleep or a request. Checks that wait concurrently wait together."""

from __future__ import annotations

import threading

from checks import catalog

THREAD = "check "  # the name of a check's thread, before the check's id


class Clock:
    """A clock in seconds for each check, by the thread that reads it: the order of threads does not matter.

    A thread in the background of a check, ``check NAME_N``, has the check's clock. A check begins when the last check
    that it waits for has ended, and the runner tells ``watch`` about both. The runner reads the begin of a check that it
    starts. Every other thread reads the end of the last check. ``slept`` holds all sleeps.
    """

    def __init__(self) -> None:
        self.slept: list[float] = []
        self._ended = self._began = 0.0
        self._starting: float | None = None  # the begin of the check that the runner starts
        self._times: dict[str, float] = {}
        self._ends: dict[str, float] = {}  # of the checks of this run
        self._read: dict[int, float] = {}  # the last time that each thread has read
        self._lock = threading.Lock()

    def __call__(self) -> float:
        """Return the time, and remember it as the begin of this thread's next sleep."""
        found = self._times.get(_check(), self._ended if self._starting is None else self._starting)
        self._read[threading.get_ident()] = found
        return found

    def begin_run(self) -> None:
        """Take note of a run that begins after all others."""
        self._began, self._starting, self._ends = self._ended, None, {}

    def sleep(self, seconds: float) -> None:
        """Let time pass from the time that this thread has read, and record it. Threads of a check sleep together."""
        name, thread = _check(), threading.get_ident()
        with self._lock:
            self.slept.append(seconds)
            now = self._times.get(name, self._ended)
            self._read[thread] = wakes = max(now, self._read.get(thread, now) + seconds)
            if name in self._times:
                self._times[name] = wakes
            else:
                self._ended = wakes

    def advance(self, seconds: float) -> None:
        """Let time pass that is not a sleep, as during a request."""
        name = _check()
        with self._lock:
            if name in self._times:
                self._times[name] += seconds
            else:
                self._ended += seconds
            self._read.pop(threading.get_ident(), None)

    def watch(self, check: str, result: object | None) -> None:
        """Take note of a check that begins (``result`` is None) or ends."""
        with self._lock:
            if result is None:
                found = catalog.load().get(check)
                waits = () if found is None else (*found.needs, *found.after)
                self._starting = max([self._began, *(self._ends[name] for name in waits if name in self._ends)])
                self._times[THREAD + check] = self._starting
            else:
                self._ends[check] = self._times.get(THREAD + check, self._began)
                self._ended, self._starting = max(self._ended, self._ends[check]), None


def _check() -> str:
    return threading.current_thread().name.partition("_")[0]
