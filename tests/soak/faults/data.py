"""Faults of the stored days: their bytes, their metadata, or their samples."""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from datetime import date, timedelta

from tests.fakes import days
from tests.fakes.random_system import RandomSystem
from tests.soak.fault import Fault, damage, fault, rewrite

FOREIGN = "99999999-0000-4000-8000-000000000000"  # no version of this worker


def _lose_rows(system: RandomSystem) -> None:
    """The worker loses the first row of every day that it copies."""
    system.objects.clear()
    system.worker.change = lambda rows: rows[1:]


def _store_empty_days(system: RandomSystem) -> None:
    """The worker finds no samples in ACE's answers, so that every day is stored as empty."""
    system.objects.clear()
    system.worker.change = lambda _rows: []


def _elsewhere(rows: list[days.Row]) -> list[days.Row]:
    return [row | {"name": row["name"].replace("ses_falls_city", "ses_elsewhere")} for row in rows]


def _rounded(rows: list[days.Row]) -> list[days.Row]:
    return [row | {"value": str(round(float(row["value"])) + 1)} for row in rows]


def _double(rows: list[days.Row]) -> list[days.Row]:
    return rows[:1] + rows


def _another_day(rows: list[days.Row]) -> list[days.Row]:
    return [
        row | {"time": f"{date.fromisoformat(row['time'][:10]) + timedelta(days=1)}{row['time'][10:]}"} for row in rows
    ]


def _forget_rows(system: RandomSystem) -> None:
    """ACE no longer has the rows of any day, one half of them or one point's, and the bucket has them all."""
    system.store_all(lambda rows: rows)
    keep = system.random.choice((lambda _: False, lambda number: number % 2 == 1, lambda number: number > 0))
    for day in system.worker.due():
        system.ace.days[day] = [row for number, row in enumerate(system.ace.days[day]) if keep(number)]


def _deliver_late_rows(system: RandomSystem) -> None:
    """ACE got some rows more for a known point of every day, after the days were stored."""
    system.store_all(lambda rows: rows)
    for day in system.worker.due():
        if rows := system.ace.days[day]:
            minutes = system.random.sample(range(1, 60), system.random.randint(2, 5))
            late = [rows[0] | {"time": f"{day}T00:{minute:02}:00"} for minute in minutes]
            system.ace.days[day] = sorted([*rows, *late], key=lambda row: str(row["time"]))


def _write_by_another_worker(system: RandomSystem) -> None:
    """A worker that is not of this stack wrote every day, with another value in the first row."""
    for day in system.worker.due():
        rows = [row | {"value": "1"} if number == 0 else row for number, row in enumerate(system.ace.days[day])]
        lines = [days.to_line(row) for row in rows]
        system.objects[days.key_of(day)] = days.stored(day, lines, worker_version=FOREIGN)


FAULTS: Mapping[str, Fault] = {
    "ACE no longer has the rows of a day": fault(_forget_rows, "ace", is_new=True),
    "ACE got rows after the days were stored": fault(_deliver_late_rows, "ace", is_new=True),
    "another worker wrote the days": fault(_write_by_another_worker, "outside_change", is_new=True),
    "a day was cut off": fault(damage(body=lambda day: day.body[:-12]), "storage"),
    "a day was garbled": fault(damage(body=lambda day: bytes(byte ^ 0x55 for byte in day.body)), "worker"),
    "a day was compressed twice": fault(damage(body=lambda day: gzip.compress(day.body, mtime=0)), "storage"),
    "a day was emptied": fault(damage(body=lambda _: b""), "storage"),
    "a day has no metadata": fault(damage(custom=lambda _: {}), "storage"),
    "a day counts wrongly": fault(damage(custom=lambda day: day.custom | {"samples": "7777"}), "worker"),
    "a day's digest is wrong": fault(damage(custom=lambda day: day.custom | {"sha256": "0" * 64}), "worker"),
    "a day declares its encoding": fault(damage(encoding=lambda _: "gzip"), "worker"),
    "a day holds another site's points": fault(rewrite(_elsewhere), "worker"),
    "a day holds another day's samples": fault(rewrite(_another_day), "worker"),
    # The version stored other days with samples, unless no other day has any.
    "an empty day has data at ACE": fault(rewrite(lambda _: []), "ace", "worker"),
    "every day looks empty to the worker": fault(_store_empty_days, "worker", is_new=True),
    # Where it was the only row of its point, ACE may have got that point since (docs/decisions.md).
    "the worker loses a row": fault(_lose_rows, "worker", "ace", is_new=True),
    # ACE may have had the row twice when the day was stored.
    "the worker stores a row twice": fault(lambda system: system.store_all(_double), "worker", "ace"),
    "a day's values are rounded": fault(lambda system: system.store_all(_rounded), "worker"),
}
