"""What the worker does wrongly, or what comes between: its answers, its door, its progress."""

from __future__ import annotations

from collections.abc import Mapping

from tests.fakes import days
from tests.fakes.system import System
from tests.soak.fault import Fault, assign, fault, said


def _swallowed(system: System) -> None:
    """Every day is called complete, and one is not there."""
    due = system.worker.due()
    for of in due:
        system.objects[days.key(of)] = days.stored(of, system.days[of])
    system.worker.claimed, system.worker.idle = due, True
    del system.objects[days.key(system.random.choice(due))]


def _today(system: System) -> None:
    """The worker takes today for yesterday: what it stores of it is a part, and is never completed."""
    system.worker.calendar = system.calendar.leading(1)
    for of in system.worker.due():
        system.objects[days.key(of)] = days.stored(of, system.measured(of) or [])


def _outage(system: System) -> None:
    """ACE is out while a day is missing."""
    system.lack()
    system.ace_down = True


FAULTS: Mapping[str, Fault] = {
    "the worker is unhealthy": fault(assign("worker", healthy=False), "configuration"),
    "the trigger is open": fault(assign("worker", open=True), "worker"),
    "counters are null": fault(assign("worker", counters={"samples_fetched": None, "samples_written": None}), "worker"),
    "another service answers": fault(said("/health", service="another-worker"), "configuration"),
    "another version answers": fault(said("/health", version="0.9.0"), "worker"),
    "health is a constant": fault(said("/health", worker_version=None), "worker"),
    "the edge serves another mark": fault(said("/health", worker_version={"id": "x", "tag": "bv:o"}), "propagation"),
    "the trigger lies": fault(said("/trigger", status="error"), "worker"),
    "the trigger contradicts itself": fault(said("/trigger", continuation="yes"), "worker"),
    "the trigger counts other days": fault(said("/trigger", progress__days_total=400), "worker"),
    "status lags behind": fault(said("/status", progress=None), "worker"),
    "a complete day is not there": fault(_swallowed, "worker"),
    "today is stored as complete": fault(_today, "worker", at_noon=True),
    "ACE is out": fault(_outage, "ace"),
}
