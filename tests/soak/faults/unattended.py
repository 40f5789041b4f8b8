"""Faults of the time between two deployments: the cron stands still, or days that were stored are gone."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from tests.fakes import days
from tests.fakes.past import Span
from tests.fakes.random_system import RandomSystem
from tests.soak.fault import Fault, fault

PAUSE = "_control/backfill/pause.json"
OUTAGE = {"code": "upstream_unavailable", "message": "ACE answered 503"}
REFUSED = {"code": "upstream_auth", "message": "ACE answered 401"}
IDLE_HOURS = 8  # at least, so that a day becomes due meanwhile


def draw_span(system: RandomSystem, hours: float = 2, *, ended: float = -1) -> Span:
    """Return a span of at least so many hours that ended so many hours before now. It has not ended by default."""
    until = system.calendar.begins - timedelta(hours=ended)
    return until - timedelta(hours=system.random.uniform(hours, hours + 240)), until


def stop(system: RandomSystem, name: str, span: Span, **changes: Any) -> None:
    """Let the cron not work for a span of the past. It had worked for some days before."""
    uploaded = span[0] - timedelta(days=system.random.uniform(1, 20))
    system.relive(**{name: span}, uploaded=uploaded, pace=timedelta(seconds=5), **changes)


def _stop(name: str, hours: float = 2) -> Callable[[RandomSystem], None]:
    return lambda system: stop(system, name, draw_span(system, hours))


def _stop_since_upload(system: RandomSystem) -> None:
    """No run has stored a day since the upload, because the new code's cron does nothing."""
    begins = system.calendar.begins
    uploaded = begins - timedelta(hours=system.random.uniform(2, 300))
    system.relive(uploaded=uploaded, silent=(uploaded, begins))


def _remove_newest(system: RandomSystem) -> None:
    """The newest objects were removed a while ago, and the cron does not copy them again."""
    stop(system, "silent", draw_span(system))
    for key in sorted(system.objects)[-system.random.randint(1, 40) :]:
        if not key.startswith("_control/"):
            del system.objects[key]


def _remove_lately(system: RandomSystem) -> None:
    """Objects were removed after the last run of the cron, which had copied each day in time."""
    system.relive(uploaded=system.calendar.begins - timedelta(days=system.random.uniform(2, 45)))
    stored = sorted(key for key in system.objects if not key.startswith("_control/"))
    for key in system.random.sample(stored, system.random.randint(1, min(40, len(stored)))):
        del system.objects[key]


def _fail(error: Mapping[str, str]) -> Callable[[RandomSystem], None]:
    return lambda system: stop(system, "failed", draw_span(system), error=error)


def _stay_out(system: RandomSystem) -> None:
    """ACE has been out for hours, and still is."""
    _fail(OUTAGE)(system)
    system.ace.is_down = True


def _pause(system: RandomSystem) -> None:
    """The backfill has been paused for more than a week."""
    since = system.calendar.begins - timedelta(days=system.random.uniform(7.1, 60))
    pause = {"reason": "maintenance", "by": "ann@example.org", "at": since.isoformat()}
    system.objects[PAUSE] = days.Stored(body=json.dumps(pause).encode(), custom={})


FAULTS: Mapping[str, Fault] = {
    "the cron has not begun for hours": fault(_stop("silent"), "worker", at_noon=True),
    "the cron does nothing since the upload": fault(_stop_since_upload, "worker", at_noon=True),
    "each run of the cron sends no day to the queue": fault(_stop("idle", IDLE_HOURS), "worker", at_noon=True),
    "each run of the cron is killed": fault(_stop("killed"), "worker", at_noon=True),
    "the newest days are gone, and the cron does nothing": fault(
        _remove_newest, "worker", "outside_change", at_noon=True
    ),
    "days are gone since the last run": fault(_remove_lately, "outside_change", at_noon=True),
    # ACE accepts the same key of the checker, so the worker's requests are wrong.
    "each run of the cron is refused by ACE": fault(_fail(REFUSED), "worker", at_noon=True),
    "ACE has been out for hours": fault(_stay_out, "ace", at_noon=True),
    "the backfill is paused for too long": fault(_pause, "configuration"),
}
