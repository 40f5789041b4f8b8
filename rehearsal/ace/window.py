"""The rows of a window and its pages, with the cursor arithmetic of the real ACE or with the correct one."""

from __future__ import annotations

import json
import threading
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from rehearsal.ace.page_request import Cursor, PageRequest
from rehearsal.ace.samples import EPOCH, Sample, SampleSource

BUCKET = timedelta(minutes=5)
MAX_KEPT_ROWS = 1_200_000  # two days of 500,000 rows, about 150 MB


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page: its rows and the cursor of the next page (None after the last)."""

    rows: Sequence[Sample]
    next_cursor: Cursor | None

    def encode(self, *, under: str = "point_samples") -> bytes:
        """Return the page as ACE's JSON, with the rows at the key ``under``."""
        samples = [{"name": name, "value": value, "time": time.isoformat()} for name, value, time in self.rows]
        cursor = self.next_cursor.encode() if self.next_cursor else None
        body = {under: samples, "next_cursor": cursor, "has_more": cursor is not None}
        return json.dumps(body, separators=(",", ":")).encode()


def cut_page(rows: Sequence[Sample], request: PageRequest, *, quirks: bool) -> Page:
    """Return the page at the request's cursor.

    ACE's defect (``quirks``): the next offset counts only the rows of the last timestamp on *this page*, not the rows
    of that timestamp on earlier pages. A page that starts and ends in one timestamp gets its own cursor as the next
    one, and the client never reaches the end.
    Source: the README of sixb-ai/sixb, connectors/ace-iot (measured on a live site).
    """
    cursor = request.cursor
    begin = 0 if cursor is None else bisect_left(rows, cursor.time, key=get_time) + cursor.offset
    end = begin + request.page_size
    taken = rows[begin:end]
    if end >= len(rows):
        return Page(rows=taken, next_cursor=None)
    last = taken[-1].time
    first = bisect_left(rows, last, key=get_time)
    offset = end - max(first, begin) if quirks else end - first
    return Page(rows=taken, next_cursor=Cursor(offset=offset, time=last))


def cut_stalled_page(rows: Sequence[Sample], request: PageRequest) -> Page:
    """Return the first page with a next cursor that never changes."""
    taken = rows[: request.page_size]
    return Page(rows=taken, next_cursor=Cursor(offset=len(taken), time=taken[0].time if taken else request.start))


def bucket_samples(samples: Sequence[Sample]) -> list[Sample]:
    """Return one sample per point and 5 minutes: the last value at the bucket's start.

    It is not established whether the real ACE takes the last value of a bucket.
    """
    latest = {(EPOCH + (time - EPOCH) // BUCKET * BUCKET, name): value for name, value, time in samples}
    return [Sample(name, latest[time, name], time) for time, name in sorted(latest)]


class Windows:
    """The rows of recent windows, so that the pages of a day are cut from one list. Safe across threads."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, datetime, datetime, bool], Sequence[Sample]] = {}
        self._lock = threading.Lock()

    def rows(self, site: str, source: SampleSource, request: PageRequest) -> Sequence[Sample]:
        """Return the rows of the request's window in order."""
        key = (site, request.start, request.end, request.raw)
        with self._lock:
            rows = self._kept.pop(key, None)
            if rows is None:
                samples = source.samples(request.start, request.end)
                rows = samples if request.raw else bucket_samples(samples)
            self._kept[key] = rows  # the most recent
            while len(self._kept) > 1 and sum(map(len, self._kept.values())) > MAX_KEPT_ROWS:
                del self._kept[next(iter(self._kept))]
        return rows


def get_time(sample: Sample) -> datetime:
    """Return the time of a sample, for searches."""
    return sample.time
