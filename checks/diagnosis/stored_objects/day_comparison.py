"""Compares a stored day with ACE: the whole day, or a window of it that fits the time."""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from checks.check import Context
from checks.model.background import run_in_background
from checks.stored_days.comparison.row_comparison import Comparison, compare_rows
from checks.stored_days.comparison.row_table import MAX_ROWS
from checks.stored_days.listing.objects import fetch_object
from checks.stored_days.stored_day import Sample, read_samples
from contract.schedule import SiteDay, day_window

if TYPE_CHECKING:
    from checks.clients.ace.pages import Row
    from cloudflare_client.answers import StoredObject

MARGIN = 1.25  # a window has so many pages less than fit by the time of the first page
MAX_PARTS = 96  # of a day: a window has at least 15 minutes
MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class DayComparison:
    """The comparison of a day. ``start`` and ``end`` (UTC) are the window that was compared, whole days included."""

    place: SiteDay
    item: StoredObject
    raw: bytes
    compared: Comparison
    start: datetime
    end: datetime

    @property
    def whole(self) -> bool:
        """Return whether the whole day was compared."""
        return (self.start, self.end) == day_window(self.place.day)

    @property
    def window(self) -> str:
        """Return the day, and the compared part of it where it is not whole."""
        return f"{self.place}" if self.whole else f"{self.place}, {self.start:%H:%M:%S} to {_format_end(self.end)}"


def compare_day(context: Context, place: SiteDay, item: StoredObject, *, reserve: float) -> DayComparison:
    """Return the comparison of a day with ACE. ``reserve`` are the seconds of the deadline that are left afterwards.

    A day that does not fit the time, or the memory, is compared in part. The part changes from day to day. Raises the
    exceptions of ``read_samples`` and of ACE's client.
    """
    reader, day = _Reader(context=context, site=place.site, reserve=reserve), place.day
    start, end = day_window(day)
    first = run_in_background(lambda: reader.start_reading(start, end))
    raw = fetch_object(context.cloudflare, context.manifest.storage, item)
    rows = first()
    parts = reader.count_parts(item)
    part = random.Random(context.now.toordinal()).randrange(parts)  # noqa: S311 - no secret depends on it
    if part:
        start, end = start + part * (end - start) / parts, start + (part + 1) * (end - start) / parts
        start, end = (moment - (moment - day_window(day)[0]) % MINUTE for moment in (start, end))
        rows = reader.start_reading(start, end)
    samples = _cut(read_samples(raw, item.metadata, day=day), start, end)
    size = context.manifest.ace.page_size
    compared = compare_rows(rows, samples, page_size=size, find_end=lambda: reader.stopped_at)
    if reader.stopped_at is not None:
        end = datetime.fromtimestamp(reader.stopped_at / 1000, UTC)
    return DayComparison(place=place, item=item, raw=raw, compared=compared, start=start, end=end)


def _cut(samples: Iterator[Sample], start: datetime, end: datetime) -> Iterator[Sample]:
    first, last = (int(moment.timestamp()) * 1000 for moment in (start, end))
    return (sample for sample in samples if first <= sample.timestamp < last)


def _format_end(end: datetime) -> str:
    return "24:00:00" if (end.hour, end.minute, end.second, end.microsecond) == (0, 0, 0, 0) else f"{end:%H:%M:%S}"


@dataclass(slots=True, kw_only=True)
class _Reader:
    """Reads ACE's rows until the time or the memory is used. From ``stopped_at`` (ms) on, rows may be missing."""

    context: Context
    site: str
    reserve: float
    stopped_at: int | None = None
    began: float = 0.0
    pages: int = 0
    rows: int = 0
    stopped: bool = False

    def start_reading(self, start: datetime, end: datetime) -> Iterator[Row]:
        """Return the rows of a window. The first page is requested now."""
        self.began, self.pages, self.rows = self.context.deadline.clock(), 0, 0
        self.stopped, self.stopped_at = False, None
        size = self.context.manifest.ace.page_size
        ace = self.context.ace(self.site)
        rows = self._note_end(ace.fetch_rows(start, end, size=size, is_over=self._is_over))
        first = list(itertools.islice(rows, 1))
        return itertools.chain(first, rows)

    def count_parts(self, item: StoredObject) -> int:
        """Return the number of windows that a day is cut into, by the time of the first page."""
        samples = item.metadata.get("samples", "")
        pages = math.ceil((int(samples) if samples.isdecimal() else 0) / self.context.manifest.ace.page_size)
        left = self.context.deadline.left() - self.reserve
        fitting = max(1.0, left / max(self._measure_page(), 0.001))
        return 1 if pages - 1 <= fitting else min(MAX_PARTS, math.ceil(MARGIN * pages / fitting))

    def _measure_page(self) -> float:
        return (self.context.deadline.clock() - self.began) / max(self.pages, 1)

    def _is_over(self) -> bool:
        """Return whether the next page would not fit the time or the memory."""
        self.pages += 1
        slow = self.context.deadline.left() - self.reserve < self._measure_page()
        self.stopped = slow or self.rows + self.context.manifest.ace.page_size > MAX_ROWS
        return self.stopped

    def _note_end(self, rows: Iterator[Row]) -> Iterator[Row]:
        """Yield the rows. If more may follow, the last timestamp may be cut by the end of the page."""
        latest = 0
        for row in rows:
            self.rows += 1
            latest = max(latest, row.at)
            yield row
        if self.stopped:
            self.stopped_at = latest // 1000
