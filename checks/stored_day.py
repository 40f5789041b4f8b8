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
from typing import Any, NamedTuple

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


class Sample(NamedTuple):
    """One line; ``timestamp`` is in ms since the epoch. A tuple, as a day holds up to 500,000."""

    name: str
    timestamp: int
    value: int | float | str


@dataclass(slots=True, kw_only=True)
class Day:
    """What a day's lines hold; ``first`` and ``last`` are ms since the epoch, None without samples."""

    day: date
    samples: int = 0
    points: set[str] = field(default_factory=set)
    first: int | None = None
    last: int | None = None
    sha256: str = ""


def read(raw: bytes, *, day: date, site: str = "") -> Day:
    """Decode one stored day of a site; raises BrokenDayError for anything that is no gzip of its samples.

    Raises UnjudgedDayError for a day beyond the bounds of this module.
    """
    found, digest = Day(day=day), hashlib.sha256()
    for sample in _samples(raw, day, digest):
        if sample.name not in found.points:
            _meet(found, sample.name, site)
        found.samples += 1
        found.first = sample.timestamp if found.first is None else found.first
        found.last = sample.timestamp
    found.sha256 = digest.hexdigest()
    return found


def samples(raw: bytes, *, day: date) -> Iterator[Sample]:
    """Yield the samples of a stored day, never holding it whole; raises as ``read`` does.

    They are in the order in which they were measured, as ACE sends and the worker writes them, and a point has one
    sample at a time: so only the points of one timestamp are held.
    """
    return _samples(raw, day, hashlib.sha256())


def window(day: date) -> tuple[datetime, datetime]:
    """Return a day's beginning and end, UTC."""
    midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
    return midnight, midnight + timedelta(days=1)


def shown(moment: int) -> str:
    """Return a time in ms since the epoch as people read it."""
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=moment)).isoformat(timespec="milliseconds")[:23]


def _samples(raw: bytes, day: date, digest: Any) -> Iterator[Sample]:
    start, end = (int(moment.timestamp()) * 1000 for moment in window(day))
    now, names = start, set[str]()
    for number, line in enumerate(_lines(raw, digest), start=1):
        sample = _sample(line, number, start, end)
        if sample.timestamp < now:
            raise BrokenDayError(f"no timestamp before the one above it in line {number}", str(sample.timestamp))
        if sample.timestamp > now:
            now, names = sample.timestamp, set()
        if sample.name in names:
            raise BrokenDayError(f"one sample of {sample.name} at {now}", f"another one in line {number}")
        names.add(sample.name)
        if len(names) > POINT_LIMIT:
            raise UnjudgedDayError(f"more than {POINT_LIMIT:,} points in a day")
        yield sample


def _meet(found: Day, name: str, site: str) -> None:
    """Note a point; raises BrokenDayError where its name is of another site.

    ACE's names are ``client/site/…``, and its sites ``client_…``; any other name says nothing of a site.
    """
    client, _, rest = name.partition("/")
    named, deeper, _ = rest.partition("/")
    if site and deeper and named.startswith(f"{client}_") and named != site:
        raise BrokenDayError(f"points of site {site}", f"{name}, of site {named}")
    found.points.add(name)
    if len(found.points) > POINT_LIMIT:
        raise UnjudgedDayError(f"more than {POINT_LIMIT:,} points in a day")


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
    start, end = window(found.day)
    source = metadata.get("source", "")
    if [_moment(text) for text in source.split("/")] != [int(moment.timestamp()) * 1000 for moment in (start, end)]:
        raise BrokenDayError(f"metadata source {start:%Y-%m-%dT%H:%M:%SZ}/{end:%Y-%m-%dT%H:%M:%SZ}", repr(source))


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


def _sample(line: bytes, number: int, start: int, end: int) -> Sample:
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
    return Sample(name, moment, value)


def is_number(text: str) -> bool:
    """Return whether a text of ACE's is stored as a number."""
    return bool(NUMBER.fullmatch(text)) and math.isfinite(float(text))


def _is_value(value: object) -> bool:
    if isinstance(value, str):
        return not is_number(value)
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
