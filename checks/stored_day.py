"""One stored day, decoded within bounds of memory and compared with its metadata. Source: contracts, section 3."""

from __future__ import annotations

import hashlib
import json
import math
import re
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

DAY_LIMIT = 256 * 2**20  # bytes of NDJSON; the largest real day known is 58 MB
LINE_LIMIT = 64 * 2**10  # bytes
POINT_LIMIT = 100_000  # distinct names
CHUNK = 256 * 2**10  # bytes decompressed at once
NUMBER = re.compile(r"-?\d+(\.\d+)?([eE][+-]?\d+)?", re.ASCII)
GZIP = b"\x1f\x8b"


class BrokenDayError(ValueError):
    """A stored day is not what it should be: what was expected, and what is there."""

    def __init__(self, expected: str, actual: str) -> None:
        super().__init__(f"expected {expected}, found {actual}")
        self.expected = expected
        self.actual = actual


class UnjudgedDayError(ValueError):
    """A stored day is beyond this checker's own bounds: it may be true, and nothing is said of it."""


@dataclass(slots=True, kw_only=True)
class Day:
    """What a day's lines hold; ``first`` and ``last`` are ms since the epoch, None without samples."""

    samples: int = 0
    points: set[str] = field(default_factory=set)
    first: int | None = None
    last: int | None = None
    sha256: str = ""


def read(raw: bytes, *, day: date) -> Day:
    """Decode one stored day; raises BrokenDayError for anything that is no gzip of that day's samples.

    Raises UnjudgedDayError for a day beyond the bounds of this module.
    """
    found, digest = Day(), hashlib.sha256()
    midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
    start, end = (int(moment.timestamp()) * 1000 for moment in (midnight, midnight + timedelta(days=1)))
    for number, line in enumerate(_lines(raw, digest), start=1):
        _take(found, line, number, start, end)
    found.sha256 = digest.hexdigest()
    return found


def compare(found: Day, metadata: Mapping[str, str]) -> None:
    """Raise BrokenDayError for the first entry of the metadata that is not true of the content."""
    true: dict[str, str | None] = {"samples": str(found.samples), "points": str(len(found.points))}
    true |= {"sha256": found.sha256}
    for name, value in true.items():
        if metadata.get(name) != value:
            raise BrokenDayError(f"metadata {name} {value}, as in the content", repr(metadata.get(name)))
    for name, moment in (("first", found.first), ("last", found.last)):
        declared = metadata.get(name)
        if (None if declared is None else _moment(declared)) != moment:
            raise BrokenDayError(f"metadata {name} {moment}, as in the content", repr(declared))


def _lines(raw: bytes, digest: Any) -> Iterator[bytes]:
    rest = b""
    for chunk in _decompressed(raw):
        digest.update(chunk)
        *lines, rest = (rest + chunk).split(b"\n")
        if max(map(len, (rest, *lines))) > LINE_LIMIT:
            raise UnjudgedDayError(f"a line of more than {LINE_LIMIT:,} bytes")
        yield from lines
    if rest:
        yield rest


def _decompressed(raw: bytes) -> Iterator[bytes]:
    inflate, size, pending = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16), 0, raw
    while not inflate.eof:
        try:
            chunk = inflate.decompress(pending, CHUNK)
        except zlib.error:
            raise BrokenDayError("a gzip file", "bytes that do not decompress") from None
        pending = inflate.unconsumed_tail
        if not chunk and not inflate.eof:
            raise BrokenDayError("a whole gzip file", f"one cut off after {len(raw):,} bytes")
        if not size and chunk.startswith(GZIP):
            raise BrokenDayError("NDJSON, compressed once", "it is compressed twice")
        size += len(chunk)
        if size > DAY_LIMIT:
            raise UnjudgedDayError(f"more than {DAY_LIMIT:,} bytes in a day")
        yield chunk
    if inflate.unused_data:
        raise BrokenDayError("one gzip file", f"{len(inflate.unused_data):,} bytes behind its end")


def _take(found: Day, line: bytes, number: int, start: int, end: int) -> None:
    try:
        sample = json.loads(line)
    except (ValueError, RecursionError):
        raise BrokenDayError(f"JSON in line {number}", "something else") from None
    if not isinstance(sample, dict) or sample.keys() != {"point_name", "timestamp", "value"}:
        raise BrokenDayError(f"point_name, timestamp and value in line {number}", "other fields")
    name, moment, value = sample["point_name"], sample["timestamp"], sample["value"]
    if not isinstance(name, str) or not name:
        raise BrokenDayError(f"a text as point_name in line {number}", repr(name))
    if type(moment) is not int or not start <= moment < end:
        raise BrokenDayError(f"a timestamp of that day (UTC, in ms) in line {number}", repr(moment))
    if not _is_value(value):
        raise BrokenDayError(f"a finite number, or a text that is none, as value in line {number}", repr(value))
    found.samples += 1
    found.points.add(name)
    if len(found.points) > POINT_LIMIT:
        raise UnjudgedDayError(f"more than {POINT_LIMIT:,} points in a day")
    found.first = moment if found.first is None else min(found.first, moment)
    found.last = moment if found.last is None else max(found.last, moment)


def _is_value(value: object) -> bool:
    if isinstance(value, str):
        return not (NUMBER.fullmatch(value) and math.isfinite(float(value)))
    return not isinstance(value, bool) and (
        isinstance(value, int) or (isinstance(value, float) and math.isfinite(value))
    )


def _moment(text: str) -> int | None:
    """Read ms since the epoch, or an ISO 8601 time, as ms since the epoch."""
    if text.isascii() and text.isdigit():
        return int(text[:18])
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
