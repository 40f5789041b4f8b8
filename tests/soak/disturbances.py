"""Disturbances that are not faults: the network is bad for a while, or clocks differ, and the system is healthy."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta

from contract.control_objects import CONTROL_PREFIX
from tests.fakes import cloudflare, control_objects, days, run_log
from tests.fakes.queues import DEAD
from tests.fakes.random_system import RandomSystem
from tests.soak.faults.unattended import OUTAGE, PAUSE, draw_span, stop

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


def _recover(system: RandomSystem) -> None:
    """ACE was out for hours, and the cron has copied the missing days since."""
    stop(system, "failed", draw_span(system, ended=1), error=OUTAGE)


def _pause(system: RandomSystem) -> None:
    """The backfill is paused for some days."""
    since = system.calendar.begins - timedelta(days=system.random.uniform(0, 6.9))
    pause = {"reason": "maintenance", "by": "ann@example.org", "at": since.isoformat()}
    system.objects[PAUSE] = days.Stored(body=json.dumps(pause).encode(), custom={})


def _resume(system: RandomSystem) -> None:
    """The backfill was paused for hours, and was resumed after the last cron."""
    span = draw_span(system)
    stop(system, "idle", span)
    found = {"planned": None, "queued": None, "failed": None}
    runs, paused_since = run_log.read_runs(system.objects), run_log.format_time(span[0])
    run_log.write_runs(system.objects, [run | (found if run["started_at"] >= paused_since else {}) for run in runs])


def _copy_large_days(system: RandomSystem) -> None:
    """The first backfill takes 9 minutes a day."""
    pace, count = timedelta(minutes=9), len(system.list_due())
    uploaded = system.calendar.begins - system.random.uniform(0, count) * pace
    system.relive(uploaded=uploaded - timedelta(minutes=4), pace=pace)


def _work(system: RandomSystem) -> None:
    """The queue is at work: leases are held, a plan is open, and a killed worker left a lease whose time is over."""
    system.store_first_day()  # where none is stored, the checks are inconclusive until the queue's first day is
    begins, due = system.calendar.begins, system.list_due()
    for site, day in system.random.sample(due, min(4, len(due))):
        end = begins + timedelta(minutes=system.random.uniform(-40, 13))
        control_objects.lease(system.objects, day, site=site, expires_at=end)
    site = due[-1][0]
    newest = [day for name, day in due[-3:] if name == site]
    control_objects.plan(system.objects, dict.fromkeys(newest, "copy"), at=begins - timedelta(minutes=5), site=site)


def _leave_failure(system: RandomSystem) -> None:
    """A worker was killed after it stored a failed day, so the next cron deletes the record. Another site is gone."""
    system.store_first_day()
    key, at = days.key_of(days.date_of(0)), system.calendar.begins - timedelta(minutes=system.random.uniform(1, 20))
    system.objects[key] = replace(system.objects[key], uploaded=at)
    control_objects.fail(system.objects, days.date_of(0), last_at=at - timedelta(hours=3))
    control_objects.fail(system.objects, days.date_of(0), site="former_site", last_at=at)


def _revise(system: RandomSystem) -> None:
    """Some days were read again, and stored as new revisions."""
    for key in sorted(system.objects)[:3]:
        if not key.startswith(CONTROL_PREFIX) and "revision" in system.objects[key].custom:
            about = {"revision": "2", "checked_at": system.calendar.begins.isoformat()}
            system.objects[key] = replace(system.objects[key], custom={**system.objects[key].custom, **about})


def _remove_site(system: RandomSystem) -> None:
    """A site was removed from the settings. Its days and its control objects stay."""
    at = system.calendar.begins - timedelta(days=system.random.uniform(0, 9))
    for day in system.worker.due()[:4]:
        system.objects[days.key_of(day, "ses_former")] = days.stored(day, uploaded=at)
    control_objects.fail(system.objects, days.date_of(0), site="ses_former", code="upstream_rejected", last_at=at)
    control_objects.lease(system.objects, days.date_of(1), site="ses_former", expires_at=at)


def _add_site(system: RandomSystem) -> None:
    """A site was added two minutes ago, by an upload, so that no day of it is stored."""
    site = system.worker.sites[-1]
    system.relive(uploaded=system.calendar.begins - timedelta(days=9))
    for day in system.worker.due(site):
        system.objects.pop(days.key_of(day, site), None)
    run_log.leave_a_day_missing(system.objects, queued=1)
    system.worker.older = system.script.served()
    at = f"{system.calendar.begins - timedelta(minutes=2):%Y-%m-%dT%H:%M:%SZ}"
    system.script.upload(created_on=at)
    system.script.deployed = system.script.deployed | {"created_on": at}


def _send_dead_letters(system: RandomSystem) -> None:
    """Messages reached the dead-letter queue some minutes ago."""
    system.cloudflare.backlogs[DEAD] = 3
    system.cloudflare.oldest_message = system.calendar.begins - timedelta(minutes=system.random.uniform(0, 13))


def _cancel(system: RandomSystem) -> None:
    """The connection is reset during the batch: Cloudflare cancels it, and the check triggers another one."""
    system.worker.cancelled = 1


def _send_twice(system: RandomSystem) -> None:
    """ACE sends a row of the first day twice, and the worker has stored both."""
    day = days.date_of(0)
    system.ace.days[day] = system.ace.days[day][:1] + system.ace.days[day]
    system.store_first_day(lambda rows: rows)


def _reorder(system: RandomSystem) -> None:
    """The first day is stored in another order, because ACE may order the rows of a page in any way."""
    system.store_first_day(lambda rows: rows[::-1])


DISTURBANCES: Mapping[str, Callable[[RandomSystem], None]] = {
    "nothing": lambda _system: None,
    "429 with Retry-After": _limit,
    "connections are reset": _reset,
    "a batch is cancelled by a reset": _cancel,
    "ACE was out until an hour ago": _recover,
    "the backfill is paused": _pause,
    "the backfill was resumed a moment ago": _resume,
    "each day is large": _copy_large_days,
    "the queue is at work": _work,
    "a killed worker left a failure": _leave_failure,
    "days were revised": _revise,
    "a site was removed": _remove_site,
    "a site was added": _add_site,
    "messages became dead letters": _send_dead_letters,
    "ACE sends a row twice": _send_twice,
    "a day's rows have another order": _reorder,
    "the clock here is an hour ahead": _shift(1),
    "the clock here is an hour behind": _shift(-1),
}
