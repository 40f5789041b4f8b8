"""Records the live logs of a worker in the background."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from checks.clients.tail.trace import BATCH, Invocation, is_overload
from checks.model.background import run_in_background

if TYPE_CHECKING:
    from checks.clients.tail.client import Tail

STEP_SECONDS = 0.1  # for one message
MAX_INVOCATIONS = 500  # that are kept, in addition to the ones with log lines of the worker
CANCELED = "canceled"  # the outcome of a request that its client abandoned


@dataclass(slots=True, kw_only=True)
class Recording:
    """The invocations that a tail showed. ``lost`` says why some may be missing. It is empty where none is missing."""

    invocations: list[Invocation] = field(default_factory=list)
    lost: str = ""

    @property
    def batches(self) -> int:
        """Return how many invocations are a batch that ran to its end."""
        return sum(item.event == BATCH and item.outcome != CANCELED for item in self.invocations)

    def count_lines(self, start: str | tuple[str, ...]) -> int:
        """Return how many log lines start with one of these texts."""
        return sum(line.text.startswith(start) for item in self.invocations for line in item.lines)

    def take(self, tail: Tail, seconds: float) -> None:
        """Wait at most so many seconds for one message of the tail, and add it. Raises the exceptions of the tail."""
        item = tail.read_item(seconds)
        if tail.gaps:
            self.lost = "the connection broke"
        if item is not None and is_overload(item):
            self.lost = "Cloudflare left items out, because there were too many"
        elif item is not None:
            self._add(Invocation.read(item, tail.find_secret))

    def _add(self, invocation: Invocation) -> None:
        if invocation.is_batch or invocation.lines or invocation.leaks or len(self.invocations) < MAX_INVOCATIONS:
            self.invocations.append(invocation)
        if invocation.cut:
            self.lost = "Cloudflare cut the log lines, because they were too long"
        if invocation.is_batch and invocation.outcome == CANCELED:
            self.lost = "a request broke off, and Cloudflare canceled its invocation"


@dataclass(slots=True, kw_only=True)
class Recorder:
    """Reads a tail in a background thread until it is stopped. ``left`` returns the seconds of the deadline."""

    tail: Tail
    left: Callable[[], float]
    recording: Recording = field(default_factory=Recording)
    _stopped: threading.Event = field(default_factory=threading.Event)
    _finish: Callable[[], None] | None = None

    def start(self) -> None:
        """Start to record."""
        self._finish = run_in_background(self._record)

    def stop(self) -> None:
        """Stop, and wait for the current message. Raises the exception of the tail."""
        self._stopped.set()
        if self._finish is not None:
            self._finish()

    def _record(self) -> None:
        while not self._stopped.is_set() and self.left() > 0:
            self.recording.take(self.tail, min(STEP_SECONDS, self.left()))
