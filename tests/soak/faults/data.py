"""What is wrong with what is stored: the bytes, what is said of them, or the samples themselves."""

from __future__ import annotations

import gzip
from collections.abc import Mapping

from tests.fakes import days
from tests.fakes.system import System
from tests.soak.fault import Fault, fault, first_day, stored


def _loss(system: System) -> None:
    """The program loses the first row of every day that it copies."""
    system.objects.clear()
    system.worker.rows = lambda rows: rows[1:]


def _misread(system: System) -> None:
    """The program finds no samples in what ACE sends, so that every day is stored as empty."""
    system.objects.clear()
    system.worker.rows = lambda _rows: []


def _elsewhere(rows: list[days.Row]) -> list[days.Row]:
    return [row | {"name": row["name"].replace("ses_falls_city", "ses_elsewhere")} for row in rows]


def _rounded(rows: list[days.Row]) -> list[days.Row]:
    return [row | {"value": str(round(float(row["value"])) + 1)} for row in rows]


def _another_day(rows: list[days.Row]) -> list[days.Row]:
    return [row | {"time": row["time"].replace(days.day(0), days.day(1))} for row in rows]


FAULTS: Mapping[str, Fault] = {
    "a day was cut off": fault(stored(body=lambda day: day.body[:-12]), "worker"),
    "a day was garbled": fault(stored(body=lambda day: bytes(byte ^ 0x55 for byte in day.body)), "worker"),
    "a day was compressed twice": fault(stored(body=lambda day: gzip.compress(day.body)), "worker"),
    "a day was emptied": fault(stored(body=lambda _: b""), "worker"),
    "a day says nothing of itself": fault(stored(custom=lambda _: {}), "storage"),
    "a day counts wrongly": fault(stored(custom=lambda day: day.custom | {"samples": "7777"}), "worker"),
    "a day's digest is wrong": fault(stored(custom=lambda day: day.custom | {"sha256": "0" * 64}), "worker"),
    "a day declares its encoding": fault(stored(encoding=lambda _: "gzip"), "worker"),
    "a day holds a row twice": fault(first_day(lambda rows: [rows[0], *rows]), "worker"),
    "a day is in the wrong order": fault(first_day(lambda rows: rows[::-1]), "worker"),
    "a day holds another site's points": fault(first_day(_elsewhere), "worker"),
    "a day holds another day's samples": fault(first_day(_another_day), "worker"),
    "an empty day has data at ACE": fault(first_day(lambda _: []), "worker"),
    "every day looks empty to the program": fault(_misread, "worker"),
    # Where it was the only row of its point, ACE may have got that point since (docs/decisions.md).
    "the program loses a row": fault(_loss, "worker", "ace"),
    "a day's values are rounded": fault(lambda system: system.copy_all(_rounded), "worker"),
}
