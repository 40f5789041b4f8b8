"""The rows of a window and its pages, with ACE's cursor arithmetic: the real one and the right one."""

from __future__ import annotations

import json
import threading
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from rehearsal.ace.query import Cursor, Query
from rehearsal.ace.samples import EPOCH, Sample, Source

BUCKET = timedelta(minutes=5)
KEPT_ROWS = 1_200_000  # two days of 500,000 rows and some; about 150 MB


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page: its rows, and where the next one starts (None after the last)."""

    rows: Sequence[Sample]
    next_cursor: Cursor | None

    def encode(self, *, under: str = "point_samples") -> bytes:
        """Return the page as ACE's JSON; ``under`` is the key that the rows lie under."""
        samples = [{"name": name, "value": value, "time": time.isoformat()} for name, value, time in self.rows]
        cursor = self.next_cursor.encode() if self.next_cursor else None
        body = {under: samples, "next_cursor": cursor, "has_more": cursor is not None}
        return json.dumps(body, separators=(",", ":")).encode()


def page(rows: Sequence[Sample], query: Query, *, quirks: bool) -> Page:
    """Return the page that the query's cursor asks for.

    ACE's defect (``quirks``): the next offset counts the rows that *this page* took of its last timestamp, without
    those that came before it. A page that starts and ends in one timestamp thus gets the cursor that led to it, and the
    walk stands still.
    Source: the README of sixb-ai/sixb, connectors/ace-iot (measured on a live site).
    """
    begin = 0 if query.cursor is None else bisect_left(rows, query.cursor.time, key=_time) + query.cursor.offset
    end = begin + query.page_size
    taken = rows[begin:end]
    if end >= len(rows):
        return Page(rows=taken, next_cursor=None)
    last = taken[-1].time
    first = bisect_left(rows, last, key=_time)
    offset = end - max(first, begin) if quirks else end - first
    return Page(rows=taken, next_cursor=Cursor(offset=offset, time=last))


def stalled(rows: Sequence[Sample], query: Query) -> Page:
    """Return the first page, with a next cursor that is always the same."""
    taken = rows[: query.page_size]
    return Page(rows=taken, next_cursor=Cursor(offset=len(taken), time=taken[0].time if taken else query.start))


def bucketed(samples: Sequence[Sample]) -> list[Sample]:
    """Return one sample a point and 5 minutes: the last one's text, at the bucket's start.

    Which value of a bucket the real ACE takes is not established.
    """
    latest = {(EPOCH + (time - EPOCH) // BUCKET * BUCKET, name): value for name, value, time in samples}
    return [Sample(name, latest[time, name], time) for time, name in sorted(latest)]


class Windows:
    """The rows of windows asked for lately, so that the pages of a day are cut from one list; safe across threads."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, datetime, datetime, bool], Sequence[Sample]] = {}
        self._lock = threading.Lock()

    def rows(self, site: str, source: Source, query: Query) -> Sequence[Sample]:
        """Return the rows of the query's window, in order."""
        key = (site, query.start, query.end, query.raw)
        with self._lock:
            rows = self._kept.pop(key, None)
            if rows is None:
                samples = source.samples(query.start, query.end)
                rows = samples if query.raw else bucketed(samples)
            self._kept[key] = rows  # now the youngest
            while len(self._kept) > 1 and sum(map(len, self._kept.values())) > KEPT_ROWS:
                del self._kept[next(iter(self._kept))]
        return rows


def _time(sample: Sample) -> datetime:
    return sample.time
