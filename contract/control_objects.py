"""The control objects of the backfill: their keys and their forms. Source: docs/reference/control-objects.md.

They are the objects of the bucket that are not days. The worker writes them, and the checks and the operator commands
read them. Nothing here is the source of progress: a day is stored when its object exists.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from contract.schedule import parse_day, parse_time

CONTROL_PREFIX = "_control/"  # readers of days ignore it
BACKFILL_PREFIX = f"{CONTROL_PREFIX}backfill/"
RUN_LOG_KEY = f"{BACKFILL_PREFIX}runs.json"
PAUSE_KEY = f"{BACKFILL_PREFIX}pause.json"
PLAN_KEY = f"{BACKFILL_PREFIX}plan.json"
FAILURES_PREFIX = f"{BACKFILL_PREFIX}failures/"
LEASES_PREFIX = f"{BACKFILL_PREFIX}leases/"
SCHEMA = 1  # of plan.json
PAUSES = (timedelta(hours=1), timedelta(hours=6), timedelta(hours=24))  # before the next attempt. The last one repeats
OUTAGE = "upstream_unavailable"  # ACE did not answer. Such a day waits for the first pause at most
MAX_PLANNED = timedelta(hours=6)  # after it, an entry of the plan may be sent again
MAX_DIGITS = 9  # of a number of attempts
MAX_TEXT = 200  # characters of a text that a person or another program wrote


class ControlObjectError(ValueError):
    """An object under a control key has another form. The message names the difference in one line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A day that could not be copied: an error code, the number of attempts, and the first and the last one (UTC).

    ``message`` and ``worker_version`` are empty where only the metadata of the object was read.
    """

    site: str
    day: date
    code: str
    attempts: int
    first_at: datetime
    last_at: datetime
    message: str = ""
    worker_version: str = ""

    @property
    def next_at(self) -> datetime:
        """Return the time from which the planner tries the day again, at the latest."""
        pauses = PAUSES[:1] if self.code == OUTAGE else PAUSES
        return self.last_at + pauses[min(self.attempts, len(pauses)) - 1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """A pause of the backfill: its reason, its author and its time (UTC). The texts are one line each."""

    reason: str
    by: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """The right of one run to copy a day, until a time (UTC)."""

    run: str
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedDay:
    """A day that the planner has put into the queue: ``what`` is ``copy`` or ``recheck``, ``at`` the time (UTC)."""

    site: str
    day: date
    what: str
    at: datetime


def failure_key(site: str, day: date) -> str:
    """Return the key of a day's failure."""
    return f"{FAILURES_PREFIX}{site}/{day}.json"


def lease_key(site: str, day: date) -> str:
    """Return the key of a day's lease."""
    return f"{LEASES_PREFIX}{site}/{day}"


def parse_failure_key(key: str) -> tuple[str, date] | None:
    """Return the site and the day of a failure's key, None for any other key."""
    return _parse_key(key, FAILURES_PREFIX, ".json")


def parse_lease_key(key: str) -> tuple[str, date] | None:
    """Return the site and the day of a lease's key, None for any other key."""
    return _parse_key(key, LEASES_PREFIX, "")


def parse_failure(key: str, fields: Mapping[str, object]) -> Failure:
    """Return the failure that an object's metadata (texts), or its content as JSON, describe.

    Raises ControlObjectError for another key or form.
    """
    place = parse_failure_key(key)
    if place is None:
        raise ControlObjectError("its key does not name a site and a day")
    return Failure(
        site=place[0],
        day=place[1],
        code=_read_line(fields, "code"),
        attempts=_read_count(fields, "attempts"),
        first_at=_read_time(fields, "first_at"),
        last_at=_read_time(fields, "last_at"),
        message=_read_line(fields, "message", ""),
        worker_version=_read_line(fields, "worker_version", ""),
    )


def parse_pause(body: bytes | str) -> Pause:
    """Return the pause of an object's content. Raises ControlObjectError for another form."""
    found = _decode(body)
    return Pause(reason=_read_line(found, "reason"), by=_read_line(found, "by"), at=_read_time(found, "at"))


def parse_lease(body: bytes | str) -> Lease:
    """Return the lease of an object's content. Raises ControlObjectError for another form."""
    found = _decode(body)
    return Lease(run=_read_line(found, "run"), expires_at=_read_time(found, "expires_at"))


def parse_plan(body: bytes | str) -> tuple[PlannedDay, ...]:
    """Return the planned days of an object's content. Raises ControlObjectError for another form."""
    found = _decode(body)
    if found.get("schema") != SCHEMA:
        raise ControlObjectError(f"schema is {found.get('schema')!r}, not {SCHEMA}")
    days = found.get("days")
    if not isinstance(days, dict):
        raise ControlObjectError("days is not an object")
    return tuple(_parse_planned_day(name, entry) for name, entry in days.items())


def _parse_planned_day(name: str, entry: object) -> PlannedDay:
    site, _, text = name.rpartition("/")
    day = parse_day(text)
    if not site or day is None or not isinstance(entry, dict):
        raise ControlObjectError("an entry does not name a site and a day")
    return PlannedDay(site=site, day=day, what=_read_line(entry, "what"), at=_read_time(entry, "at"))


def _parse_key(key: str, prefix: str, end: str) -> tuple[str, date] | None:
    if not (key.startswith(prefix) and key.endswith(end)):
        return None
    site, _, text = key.removeprefix(prefix).removesuffix(end).rpartition("/")
    day = parse_day(text)
    return None if day is None or not site or "/" in site else (site, day)


def _decode(body: bytes | str) -> Mapping[str, Any]:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        raise ControlObjectError("it is not JSON") from None
    if not isinstance(found, dict):
        raise ControlObjectError("it is not an object of JSON")
    return found


def _read_line(fields: Mapping[str, object], name: str, default: str | None = None) -> str:
    """Return a text as one line, cut to MAX_TEXT characters."""
    value = fields.get(name, default)
    if not isinstance(value, str):
        raise ControlObjectError(f"{name} is not a text")
    line = " ".join(value.split())
    return line if len(line) <= MAX_TEXT else f"{line[:MAX_TEXT]}…"


def _read_count(fields: Mapping[str, object], name: str) -> int:
    """Return a number of at least 1. Metadata hold it as a text."""
    value = fields.get(name)
    is_digits = isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= MAX_DIGITS
    number = int(str(value)) if is_digits else value
    if type(number) is not int or number < 1:
        raise ControlObjectError(f"{name} is not a number of at least 1")
    return number


def _read_time(fields: Mapping[str, object], name: str) -> datetime:
    value = fields.get(name)
    try:
        if isinstance(value, str):
            return parse_time(value)
    except ValueError:
        pass
    raise ControlObjectError(f"{name} is not a time")
