"""Faults of the stored days: their bytes, their metadata, or their samples."""

from __future__ import annotations

import gzip
from collections.abc import Mapping

from tests.fakes import days
from tests.fakes.random_system import RandomSystem
from tests.soak.fault import Fault, damage, fault, rewrite


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


def _another_day(rows: list[days.Row]) -> list[days.Row]:
    return [row | {"time": row["time"].replace(days.date_of(0), days.date_of(1))} for row in rows]


FAULTS: Mapping[str, Fault] = {
    "a day was cut off": fault(damage(body=lambda day: day.body[:-12]), "storage"),
    "a day was garbled": fault(damage(body=lambda day: bytes(byte ^ 0x55 for byte in day.body)), "worker"),
    "a day was compressed twice": fault(damage(body=lambda day: gzip.compress(day.body, mtime=0)), "storage"),
    "a day was emptied": fault(damage(body=lambda _: b""), "storage"),
    "a day has no metadata": fault(damage(custom=lambda _: {}), "storage"),
    "a day counts wrongly": fault(damage(custom=lambda day: day.custom | {"samples": "7777"}), "worker"),
    "a day's digest is wrong": fault(damage(custom=lambda day: day.custom | {"sha256": "0" * 64}), "worker"),
    "a day declares its encoding": fault(damage(encoding=lambda _: "gzip"), "worker"),
    "a day holds a row twice": fault(rewrite(lambda rows: [rows[0], *rows]), "worker"),
    "a day is in the wrong order": fault(rewrite(lambda rows: rows[::-1]), "worker"),
    "a day holds another site's points": fault(rewrite(_elsewhere), "worker"),
    "a day holds another day's samples": fault(rewrite(_another_day), "worker"),
    # The version stored other days with samples, unless no other day has any.
    "an empty day has data at ACE": fault(rewrite(lambda _: []), "ace", "worker"),
    "every day looks empty to the worker": fault(_store_empty_days, "worker", is_new=True),
    # Where it was the only row of its point, ACE may have got that point since (docs/decisions.md).
    "the worker loses a row": fault(_lose_rows, "worker", "ace", is_new=True),
    "a day's values are rounded": fault(lambda system: system.store_all(_rounded), "worker"),
}
