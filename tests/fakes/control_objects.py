"""The control objects of the fake bucket, as the worker writes them: failures, leases, the pause and the plan."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta

from contract import control_objects
from tests.fakes import manifest
from tests.fakes.days import Stored
from tests.fakes.run_log import format_time

Objects = dict[str, Stored]


def fail(
    objects: Objects,
    day: str,
    *,
    site: str = manifest.SITE,
    code: str = "upstream_contract",
    attempts: int = 1,
    last_at: datetime = manifest.NOW - timedelta(minutes=30),
    **metadata: str,
) -> None:
    """Record that a day failed. The entries of ``metadata`` replace the true ones."""
    first = last_at - timedelta(hours=attempts - 1)
    entries = {"code": code, "attempts": str(attempts), "first_at": format_time(first), "last_at": format_time(last_at)}
    content = entries | {"attempts": attempts, "message": "made up", "worker_version": "v1"}
    key = control_objects.failure_key(site, date.fromisoformat(day))
    objects[key] = Stored(body=json.dumps(content).encode(), custom=entries | metadata, uploaded=last_at)


def lease(objects: Objects, day: str, *, site: str = manifest.SITE, expires_at: datetime) -> None:
    """Record that a run copies a day."""
    content = {"run": "r1", "expires_at": format_time(expires_at)}
    key = control_objects.lease_key(site, date.fromisoformat(day))
    objects[key] = Stored(body=json.dumps(content).encode(), custom={})


def is_leased(objects: Objects, site: str, day: str, now: datetime) -> bool:
    """Return whether a run copies a day."""
    found = objects.get(control_objects.lease_key(site, date.fromisoformat(day)))
    return found is not None and now < datetime.fromisoformat(json.loads(found.body)["expires_at"])


def has_failed(objects: Objects, site: str, day: str) -> bool:
    """Return whether a day has a failure record."""
    return control_objects.failure_key(site, date.fromisoformat(day)) in objects


def pause(objects: Objects, at: datetime, *, reason: str = "ACE is being migrated", by: str = "jo@example.org") -> None:
    """Pause the backfill."""
    content = {"reason": reason, "by": by, "at": format_time(at)}
    objects[control_objects.PAUSE_KEY] = Stored(body=json.dumps(content).encode(), custom={})


def plan(objects: Objects, days: dict[str, str], *, at: datetime, site: str = manifest.SITE) -> None:
    """Record that days are in the queue: each day with ``copy`` or ``recheck``."""
    entries = {f"{site}/{day}": {"what": what, "at": format_time(at)} for day, what in days.items()}
    content = {"schema": control_objects.SCHEMA, "days": entries}
    objects[control_objects.PLAN_KEY] = Stored(body=json.dumps(content).encode(), custom={})
