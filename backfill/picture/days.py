"""Judges the days of a site: pure functions of the list of objects, the failures, the calendar and the time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from backfill.picture.site import HORIZON, Day, Rate, Site, State
from contract.day_object import MAX_EMPTY_BYTES
from contract.schedule import DAY, day_window, due_time, last_day

if TYPE_CHECKING:
    from cloudflare_client.answers import StoredObject
    from contract.control_objects import Failure

MIN_HORIZON = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """The declared rules that decide on the state of a day, and the time (UTC)."""

    settle_hours: int
    recheck_days: int
    now: datetime

    def is_recheck_due(self, day: date, uploaded: datetime) -> bool:
        """Return whether the time for the re-check has come, and the object is older than that."""
        due = day_window(day)[1] + timedelta(days=self.recheck_days)
        return self.recheck_days > 0 and uploaded < due <= self.now


def judge_site(
    name: str,
    start_date: str,
    end_date: str | None,
    *,
    stored: Mapping[date, StoredObject],
    failures: Iterable[Failure],
    rules: Rules,
) -> Site:
    """Return the site with each of its days that are over. Objects outside its range are left out."""
    first, last = date.fromisoformat(start_date), last_day(end_date, rules.now)
    failed = {failure.day: failure for failure in failures}
    days = tuple(
        judge_day(day, stored.get(day), is_failed=day in failed, rules=rules)
        for day in (first + number * DAY for number in range((last - first).days + 1))
    )
    left = [failed[day.date] for day in days if day.state is State.FAILED]
    return Site(name=name, days=days, rate=measure_rate(days, rules.now), failures=tuple(left))


def judge_day(day: date, item: StoredObject | None, *, is_failed: bool, rules: Rules) -> Day:
    """Return a day with its state. The object counts, and not a failure that it outlived."""
    if item is None:
        if rules.now < due_time(day, rules.settle_hours):
            return Day(date=day, state=State.NOT_DUE)
        return Day(date=day, state=State.FAILED if is_failed else State.MISSING)
    revision = _read_number(item, "revision") or 1
    is_recheck_due = rules.is_recheck_due(day, item.uploaded)
    is_checked = "checked_at" in item.metadata  # a day that was only rewritten in another format has no such entry
    return Day(
        date=day,
        state=_name_state(item.size, is_recheck_due=is_recheck_due, is_checked=is_checked),
        size=item.size,
        uploaded=item.uploaded,
        samples=_read_number(item, "samples"),
        revision=revision,
        checked=is_checked,
        version=item.metadata.get("worker_version", ""),
    )


def _name_state(size: int, *, is_recheck_due: bool, is_checked: bool) -> State:
    if is_recheck_due:
        return State.LATE
    if size <= MAX_EMPTY_BYTES:
        return State.EMPTY
    return State.RECHECKED if is_checked else State.STORED


def measure_rate(days: Iterable[Day], now: datetime) -> Rate:
    """Return the rate of first copies. A re-check or a revision stores an object again, and is not one of them."""
    first = (day.uploaded for day in days if day.revision == 1 and not day.checked)
    moments = [moment for moment in first if moment is not None and now - HORIZON < moment <= now]
    horizon = max(MIN_HORIZON, min(HORIZON, now - min(moments))) if moments else HORIZON
    return Rate(copied=len(moments), horizon=horizon)


def _read_number(item: StoredObject, name: str) -> int | None:
    text = item.metadata.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 12 else None
