"""Faults of the queue, and of the days that its consumers could not copy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from checks.diagnosis.error_codes import find_code_cause
from contract.control_objects import FAILURES_PREFIX
from tests.fakes import control_objects, days, run_log
from tests.fakes.queues import DAYS, DEAD
from tests.fakes.random_system import RandomSystem
from tests.soak.fault import Apply, Fault, fault
from tests.soak.faults.unattended import IDLE_HOURS, draw_span, stop

FAR = datetime(2099, 1, 1, tzinfo=UTC)
CODES = (
    "upstream_contract",
    "upstream_rejected",
    "upstream_auth",
    "upstream_unavailable",
    "not_configured",
    "storage",
    "killed",
)


def _fail(code: str) -> Apply:
    """A day was tried several times, and is missing."""

    def apply(system: RandomSystem) -> None:
        system.remove_first_day(failed=1)
        attempts, age = system.random.randint(1, 40), timedelta(minutes=system.random.uniform(5, 600))
        control_objects.fail(
            system.objects,
            days.date_of(0),
            code=code,
            attempts=attempts,
            last_at=system.calendar.begins - age,
        )

    return apply


def _keep_failure(system: RandomSystem) -> None:
    """A day was stored two days after it failed, and the record of the failure is still there."""
    system.store_first_day()
    key, at = days.key_of(days.date_of(0)), system.calendar.begins - timedelta(days=2)
    system.objects[key] = replace(system.objects[key], uploaded=at)
    control_objects.fail(system.objects, days.date_of(0), last_at=at - timedelta(hours=1))


def _write_unreadable_failure(system: RandomSystem) -> None:
    """Another program wrote an object under the prefix of the failures."""
    key = f"{FAILURES_PREFIX}{system.worker.sites[-1]}/{system.random.choice(system.worker.due())}.json"
    system.objects[key] = days.Stored(body=b"{}", custom={"code": "storage"})


def _stop_consumers(system: RandomSystem) -> None:
    """The planner has sent each missing day, and no consumer has stored one for hours."""
    stop(system, "idle", draw_span(system, IDLE_HOURS))
    run_log.leave_a_day_missing(system.objects, queued=1)


def _keep_leases(system: RandomSystem) -> None:
    """The missing days have leases that never end."""
    _stop_consumers(system)
    for site, day in system.list_due():
        if days.key_of(day, site) not in system.objects:
            control_objects.lease(system.objects, day, site=site, expires_at=FAR)


def _hold(code: str) -> Apply:
    """ACE has refused the key or has not answered for hours, and still does. So the planner sends a probe only."""

    def apply(system: RandomSystem) -> None:
        stop(system, "idle", draw_span(system, IDLE_HOURS))
        run_log.leave_a_day_missing(system.objects, queued=1, failed=1)
        missing = [place for place in system.list_due() if days.key_of(place[1], place[0]) not in system.objects]
        at = system.calendar.begins - timedelta(minutes=system.random.uniform(1, 59))
        for site, day in missing[-system.random.randint(1, 3) :]:
            control_objects.fail(system.objects, day, site=site, code=code, last_at=at)
        system.ace.is_expired, system.ace.is_down = code == "upstream_auth", code == "upstream_unavailable"
        system.worker.accepted = "another-fake-key" if system.ace.is_expired else system.worker.key

    return apply


def _keep_plan(system: RandomSystem) -> None:
    """The missing days are in a plan that never ends, so no run of the cron sends them."""
    stop(system, "idle", draw_span(system, IDLE_HOURS))
    missing = [day for day in system.worker.due() if days.key_of(day) not in system.objects]
    control_objects.plan(system.objects, dict.fromkeys(missing[:500], "copy"), at=FAR)


def _change_queue(name: str, **changes: Any) -> Apply:
    def apply(system: RandomSystem) -> None:
        system.cloudflare.queues[name] = system.cloudflare.queues[name] | changes

    return apply


def _change_consumer(**settings: Any) -> Apply:
    def apply(system: RandomSystem) -> None:
        [consumer] = system.cloudflare.queues[DAYS]["consumers"]
        changed = consumer | {"settings": consumer["settings"] | settings}
        system.cloudflare.queues[DAYS] = system.cloudflare.queues[DAYS] | {"consumers": [changed]}

    return apply


def _keep_dead_letters(system: RandomSystem) -> None:
    system.cloudflare.backlogs[DEAD] = system.random.randint(1, 500)
    system.cloudflare.oldest_message = system.calendar.begins - timedelta(minutes=system.random.uniform(80, 5000))


def _delete(name: str) -> Apply:
    def apply(system: RandomSystem) -> None:
        del system.cloudflare.queues[name]

    return apply


OUTSIDE: Mapping[str, Fault] = {
    "the queue is paused": fault(_change_queue(DAYS, settings={"delivery_paused": True}), "outside_change"),
    "the queue has no consumer": fault(_change_queue(DAYS, consumers=[]), "outside_change"),
    "the dead-letter queue has no consumer": fault(_change_queue(DEAD, consumers=[]), "outside_change"),
    "the consumer copies more days at once": fault(_change_consumer(max_concurrency=50), "outside_change"),
    "the consumer tries a day once": fault(_change_consumer(max_retries=0), "outside_change"),
    "the queue is deleted": fault(_delete(DAYS), "outside_change"),
    "the dead-letter queue is deleted": fault(_delete(DEAD), "outside_change"),
}
FAULTS: Mapping[str, Fault] = {
    **{f"a day failed: {code}": fault(_fail(code), find_code_cause(code)[0]) for code in CODES},
    **OUTSIDE,
    "ACE has refused the key for hours": fault(_hold("upstream_auth"), "configuration", at_noon=True),
    "ACE has not answered for hours": fault(_hold("upstream_unavailable"), "ace", at_noon=True),
    "a stored day has a failure": fault(_keep_failure, "worker"),
    "the record of a failure cannot be read": fault(_write_unreadable_failure, "storage"),
    "no consumer stores a day": fault(_stop_consumers, "worker", at_noon=True),
    "leases of missing days never end": fault(_keep_leases, "worker", at_noon=True),
    "a plan never ends": fault(_keep_plan, "worker", at_noon=True),
    "dead letters stay": fault(_keep_dead_letters, "worker"),
}
