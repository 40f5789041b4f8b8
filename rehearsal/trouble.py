"""Trouble on the way to a system: late, reset, refused or broken-off answers, to every request or to some."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any


class Kind(StrEnum):
    """What happens to a request that is met."""

    DELAY = "delay"  # the right answer, after ``seconds``
    RESET = "reset"  # the connection is reset (TCP RST) without an answer
    STATUS = "status"  # a proxy's page with ``status``, and ``retry_after`` if it is set
    TRUNCATED = "truncated"  # the body ends in the middle of what Content-Length announced


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """Met by the first request and then by every ``every``-th, ``times`` times at most (None: without end)."""

    kind: Kind
    every: int = 1
    times: int | None = None
    seconds: float = 0.0
    status: int = 502
    retry_after: int | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the form that the edge reads."""
        return asdict(self)


class Road:
    """The way to one system; ``trouble`` may be set while it runs, and counts from then on."""

    def __init__(self) -> None:
        self._trouble: Trouble | None = None
        self._seen = self._met = 0

    @property
    def trouble(self) -> Trouble | None:
        """Return what is wrong with the way, if anything."""
        return self._trouble

    @trouble.setter
    def trouble(self, trouble: Trouble | None) -> None:
        self._trouble, self._seen, self._met = trouble, 0, 0

    @property
    def met(self) -> int:
        """Return how many requests met it."""
        return self._met

    def next(self) -> Trouble | None:
        """Return what the next request meets, if anything."""
        trouble = self._trouble
        if trouble is None:
            return None
        turn = self._seen % trouble.every == 0 and (trouble.times is None or self._met < trouble.times)
        self._seen += 1
        self._met += turn
        return trouble if turn else None
