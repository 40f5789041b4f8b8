"""Faults of the stored days: their bytes, their metadata, or their samples."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, timedelta

from contract import day_object
from tests.fakes import days
from tests.fakes.random_system import Change, RandomSystem
from tests.soak.fault import Apply, Fault, damage, fault, rewrite

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
    return [row | {"name": row["name"].replace("/AHU/", "/elsewhere/AHU/")} for row in rows]


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
    places = system.choose_read_days()
    keep = system.random.choice((lambda _: False, lambda number: number % 2 == 1, lambda number: number > 0))
    for site, day in places:
        rows = system.ace.sites[site]
        rows[day] = [row for number, row in enumerate(rows[day]) if keep(number)]


def _deliver_late_rows(system: RandomSystem) -> None:
    """ACE got some rows more for a known point of every day, after the days were stored."""
    for site, day in system.choose_read_days():
        if rows := system.ace.sites[site][day]:
            minutes = system.random.sample(range(1, 60), system.random.randint(2, 5))
            late = [rows[0] | {"time": f"{day}T00:{minute:02}:00"} for minute in minutes]
            system.ace.sites[site][day] = sorted([*rows, *late], key=lambda row: str(row["time"]))


def _write_by_another_worker(system: RandomSystem) -> None:
    """A worker that is not of this stack wrote every day of all sites or of one, with another value in the first row."""
    for site, day in system.choose_read_days():
        found = system.ace.sites[site][day]
        rows = [row | {"value": "1"} if number == 0 else row for number, row in enumerate(found)]
        lines = [days.to_line(row) for row in rows]
        system.objects[days.key_of(day, site)] = days.stored(day, lines, worker_version=FOREIGN)


def _revise(change: Change) -> Apply:
    """A re-check stored a second revision of each day with changed rows."""

    def apply(system: RandomSystem) -> None:
        at, version = system.calendar.begins.isoformat(), system.script.served()["id"]
        for site, day in system.list_due():
            lines = [days.to_line(row) for row in change(system.ace.sites[site][day])]
            stored = days.stored_in_members(day, lines, worker_version=version, revision="2", checked_at=at)
            system.objects[days.key_of(day, site)] = stored

    return apply


def _damage_members(change: Callable[[list[int]], list[int]]) -> Apply:
    """The lengths of a day's members are not those of its object."""

    def apply(system: RandomSystem) -> None:
        site, day = system.choose_read_day()
        good = days.stored_in_members(day, [days.to_line(row) for row in system.ace.sites[site][day]])
        lengths = day_object.format_lengths(change(list(day_object.parse_lengths(good.custom["members"]))))
        about = {"members": lengths, "worker_version": system.script.served()["id"]}
        system.objects[days.key_of(day, site)] = replace(good, custom=good.custom | about)

    return apply


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
    "a re-check loses a row": fault(_revise(lambda rows: rows[1:]), "worker", "ace", is_new=True),
    "a re-check rounds values": fault(_revise(_rounded), "worker", is_new=True),
    "a day's members are of other points": fault(_damage_members(lambda lengths: lengths[1:] + lengths[:1]), "worker"),
    "a day's members are longer": fault(_damage_members(lambda lengths: [n and n + 1 for n in lengths]), "storage"),
    # ACE may have had the row twice when the day was stored.
    "the worker stores a row twice": fault(lambda system: system.store_all(_double), "worker", "ace"),
    "a day's values are rounded": fault(lambda system: system.store_all(_rounded), "worker"),
}
