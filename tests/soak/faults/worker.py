"""Faults of the worker (its answers, its authentication, its progress), and an outage of ACE."""

from __future__ import annotations

from collections.abc import Mapping

from tests.fakes import days
from tests.fakes.random_system import RandomSystem
from tests.soak.fault import Fault, answer_with, assign, fault


def _report_missing_day(system: RandomSystem) -> None:
    """The worker reports every day as complete, and one is missing."""
    system.store_all()
    due = system.worker.due()
    system.worker.claimed, system.worker.is_idle = due, True
    del system.objects[days.key_of(system.random.choice(due))]


def _store_today(system: RandomSystem) -> None:
    """The worker takes today for yesterday: it stores a part of it, which is never completed."""
    system.worker.calendar = system.calendar.leading(1)
    for site, day in system.list_due():
        lines, version = [days.to_line(row) for row in system.ace.read(day, site) or ()], system.script.served()["id"]
        system.objects[days.key_of(day, site)] = days.stored(day, lines, worker_version=version)


def _stop_ace(system: RandomSystem) -> None:
    """ACE has an outage while a day is missing."""
    system.remove_first_day()
    system.ace.is_down = True


FAULTS: Mapping[str, Fault] = {
    "the worker is unhealthy": fault(assign("worker", is_healthy=False), "configuration"),
    "the trigger is open": fault(assign("worker", is_open=True), "worker"),
    "counters are null": fault(assign("worker", counters={"samples_fetched": None, "samples_written": None}), "worker"),
    "another service answers": fault(answer_with("/health", service="another-worker"), "configuration"),
    "another version answers": fault(answer_with("/health", version="0.9.0"), "worker"),
    "health is a constant": fault(answer_with("/health", worker_version=None), "worker"),
    "the edge serves another tag": fault(
        answer_with("/health", worker_version={"id": "x", "tag": "bv:o"}), "propagation"
    ),
    "the trigger reports an error": fault(answer_with("/trigger", status="error"), "worker"),
    "the trigger contradicts itself": fault(answer_with("/trigger", continuation="yes"), "worker"),
    "the trigger counts other days": fault(answer_with("/trigger", progress__days_total=400), "worker"),
    "status lags behind": fault(answer_with("/status", progress=None), "worker"),
    "a complete day is not there": fault(_report_missing_day, "worker"),
    "today is stored as complete": fault(_store_today, "worker", at_noon=True),
    "ACE is out": fault(_stop_ace, "ace", is_new=True),
}
