"""What is no fault: the way is bad for a while, or clocks differ, and every promise is kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta

from tests.fakes.system import API, System

HOSTS = (API, "flightdeck.aceiot.cloud", "building-vitals-backfill.rehearsal.workers.dev")


def _limited(system: System) -> None:
    """One of the systems wants to be left alone for a while: 429, with Retry-After."""
    system.road.limited[system.random.choice(HOSTS)] = (system.random.randint(1, 2), system.random.randint(1, 3))


def _reset(system: System) -> None:
    """One connection in ten is reset."""
    system.road.resets = 0.1


def _ahead(hours: int) -> Callable[[System], None]:
    def apply(system: System) -> None:
        system.ahead = timedelta(hours=hours)

    return apply


def _cancelled(system: System) -> None:
    """The connection is reset while the batch runs: Cloudflare cancels that one, and another is asked for."""
    system.worker.cancelled = 1


DISTURBANCES: Mapping[str, Callable[[System], None]] = {
    "nothing": lambda _system: None,
    "429 with Retry-After": _limited,
    "connections are reset": _reset,
    "a batch is cancelled by a reset": _cancelled,
    "the clock here is an hour ahead": _ahead(1),
    "the clock here is an hour behind": _ahead(-1),
}
