"""Disturbances that are not faults: the network is bad for a while, or clocks differ, and the system is healthy."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta

from tests.fakes import cloudflare
from tests.fakes.random_system import RandomSystem

HOSTS = (cloudflare.HOST, "flightdeck.aceiot.cloud", "building-vitals-backfill.rehearsal.workers.dev")


def _limit(system: RandomSystem) -> None:
    """One of the systems answers 429 with Retry-After for a while."""
    system.network.limited[system.random.choice(HOSTS)] = (system.random.randint(1, 2), system.random.randint(1, 3))


def _reset(system: RandomSystem) -> None:
    """One connection in ten is reset."""
    system.network.resets = 0.1


def _shift(hours: int) -> Callable[[RandomSystem], None]:
    def apply(system: RandomSystem) -> None:
        system.now += timedelta(hours=hours)

    return apply


def _cancel(system: RandomSystem) -> None:
    """The connection is reset during the batch: Cloudflare cancels it, and the check triggers another one."""
    system.worker.cancelled = 1


DISTURBANCES: Mapping[str, Callable[[RandomSystem], None]] = {
    "nothing": lambda _system: None,
    "429 with Retry-After": _limit,
    "connections are reset": _reset,
    "a batch is cancelled by a reset": _cancel,
    "the clock here is an hour ahead": _shift(1),
    "the clock here is an hour behind": _shift(-1),
}
