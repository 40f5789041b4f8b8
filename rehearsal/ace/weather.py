"""A year of real measurements of a weather station for any dates. Provenance: rehearsal/ace/data/README.md."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

from rehearsal.ace.samples import EPOCH, Sample

DATA = Path(__file__).with_name("data") / "greensboro-tmy3.csv.gz"
HOURS = 8_760  # of the file
SHIFT = 1_009  # hours between two seeds, a prime, so that the first 8,760 seeds differ
_HOUR = timedelta(hours=1)
# The file's hour 01:00 is the hour from 00:00 to 01:00 local standard time (UTC-5). It ends at 06:00 UTC.
_FROM_UTC_TO_START_OF_HOUR = timedelta(hours=6)
_DAYS_BEFORE_MONTH = (0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334)
_DAYS_OF_MONTH = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


class Weather:
    """The station's columns as points ``ses/<site>/weather/<column>``, one sample each on every hour of any year.

    Values are the file's own text. 29 February (local time) repeats the 28th. After the last hour of the file comes the
    first. With another ``seed`` the same time has another hour of the file, so that sites differ.
    """

    def __init__(self, *, site: str, seed: int = 0) -> None:
        self._shift = seed * SHIFT
        columns = {f"ses/{site}/weather/{name}": values for name, values in _load_columns().items()}
        self.points: Sequence[str] = tuple(sorted(columns))
        self._columns = [columns[point] for point in self.points]

    def samples(self, start: datetime, end: datetime) -> list[Sample]:
        """Return the samples with start <= time < end (naive UTC), sorted by time, then by name."""
        time = EPOCH - (EPOCH - start) // _HOUR * _HOUR  # the first full hour at or after the start
        samples: list[Sample] = []
        while time < end:
            row = (find_row(time) + self._shift) % HOURS
            samples += [
                Sample(point, column[row], time) for point, column in zip(self.points, self._columns, strict=True)
            ]
            time += _HOUR
        return samples


def find_row(time: datetime) -> int:
    """Return the index of the row, of 8,760, with the hour that ends at ``time`` (a full hour, naive UTC)."""
    hour = time - _FROM_UTC_TO_START_OF_HOUR
    day = min(hour.day, _DAYS_OF_MONTH[hour.month - 1])
    return (_DAYS_BEFORE_MONTH[hour.month - 1] + day - 1) * 24 + hour.hour


@cache
def _load_columns() -> dict[str, list[str]]:
    with gzip.open(DATA, "rt", encoding="ascii", newline="") as file:
        lines = csv.reader(file)
        names = next(lines)
        columns = dict(zip(names, map(list, zip(*lines, strict=True)), strict=True))
    return {name: values for name, values in columns.items() if name not in ("date", "time")}
