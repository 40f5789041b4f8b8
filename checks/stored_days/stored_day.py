"""Decodes a stored day in bounded memory and compares it with its metadata. Source: docs/reference/day-object.md."""

from __future__ import annotations

import hashlib
import json
import math
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from checks.stored_days import gzip_reader
from checks.stored_days.gzip_reader import BoundedSet, BrokenDayError
from contract.schedule import day_window

NUMBER = re.compile(r"-?\d+(\.\d+)?([eE][+-]?\d+)?", re.ASCII)
EXACT_DIGITS = 15  # of a number's text: a 64-bit float tells two such numbers apart

Value = int | float | Decimal | str


class Sample(NamedTuple):
    """One line. ``timestamp`` is in ms since the epoch. It is a tuple because a day has up to 500,000."""

    name: str
    timestamp: int
    value: Value


@dataclass(slots=True, kw_only=True)
class Day:
    """The content of a day. ``first`` and ``last`` are ms since the epoch, or None without samples."""

    day: date
    samples: int = 0
    points: BoundedSet[str] = field(default_factory=BoundedSet)
    first: int | None = None
    last: int | None = None
    sha256: str = ""


def decode_day(raw: bytes, *, day: date, site: str = "") -> Day:
    """Decode one stored day of a site. Raises BrokenDayError for an object that is not a gzip file of its samples.

    Raises DayTooLargeError for a day beyond the limits of this checker.
    """
    found, digest, sites = Day(day=day), hashlib.sha256(), dict[str, str]()
    for sample in _decode_samples(raw, day, digest):
        if sample.name not in found.points:
            found.points.add_within_limits(sample.name)
            sites.setdefault(_find_site(sample.name), sample.name)
        found.samples += 1
        found.first = sample.timestamp if found.first is None else found.first
        found.last = sample.timestamp
    found.sha256 = digest.hexdigest()
    sites.pop("", None)
    if site and sites and site not in sites:
        other, name = next(iter(sites.items()))
        raise BrokenDayError(f"points of site {site}", f"{name}, of site {other}")
    return found


def read_samples(raw: bytes, *, day: date) -> Iterator[Sample]:
    """Yield the samples of a stored day, in the order of time. Raises as ``decode_day`` does.

    ACE and the worker keep the order of time, and no line is repeated. So memory holds the lines of one timestamp only.
    """
    return _decode_samples(raw, day, hashlib.sha256())


def format_moment(moment: int) -> str:
    """Return a time in ms since the epoch as an ISO 8601 text in UTC."""
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=moment)).isoformat(timespec="milliseconds")[:23]


def _decode_samples(raw: bytes, day: date, digest: Any) -> Iterator[Sample]:
    start, end = (int(moment.timestamp()) * 1000 for moment in day_window(day))
    now, lines = start, BoundedSet[bytes]()
    for number, line in enumerate(gzip_reader.read_lines(raw, digest), start=1):
        sample = _parse_sample(line, number, start, end)
        if sample.timestamp < now:
            raise BrokenDayError(f"no timestamp before the one above it in line {number}", str(sample.timestamp))
        if sample.timestamp > now:
            now, lines = sample.timestamp, BoundedSet()
        if line in lines:  # two values at one time are allowed, because microseconds are cut. `proof` compares them
            raise BrokenDayError(
                f"one line of {sample.name} at {now} with this value", f"the same line again (line {number})"
            )
        lines.add_within_limits(line)
        yield sample


def _find_site(name: str) -> str:
    """Return the site of a point, or an empty text. ACE's names are ``client/site/…`` with a site ``client_…``."""
    client, _, rest = name.partition("/")
    site, deeper, _ = rest.partition("/")
    return site if deeper and site.startswith(f"{client}_") else ""


def compare_with_metadata(found: Day, metadata: Mapping[str, str]) -> None:
    """Raise BrokenDayError for the first entry of the metadata that differs from the content."""
    content: dict[str, str | None] = {"samples": str(found.samples), "points": str(len(found.points))}
    content |= {"sha256": found.sha256}
    for name, value in content.items():
        if metadata.get(name) != value:
            raise BrokenDayError(f"metadata {name} {value}, as in the content", repr(metadata.get(name)))
    for name, moment in (("first", found.first), ("last", found.last)):
        declared = metadata.get(name)
        if (None if declared is None else _parse_moment(declared)) != moment:
            raise BrokenDayError(f"metadata {name} {moment}, as in the content", repr(declared))
    start, end = day_window(found.day)
    source = metadata.get("source", "")
    if [_parse_moment(text) for text in source.split("/")] != [
        int(moment.timestamp()) * 1000 for moment in (start, end)
    ]:
        raise BrokenDayError(f"metadata source {start:%Y-%m-%dT%H:%M:%SZ}/{end:%Y-%m-%dT%H:%M:%SZ}", repr(source))


def _parse_sample(line: bytes, number: int, start: int, end: int) -> Sample:
    try:
        sample = _DECODER.decode(line.decode())
    except (ValueError, RecursionError):
        raise BrokenDayError(f"JSON in line {number}", "another text") from None
    if not isinstance(sample, dict) or sample.keys() != {"point_name", "timestamp", "value"}:
        raise BrokenDayError(f"point_name, timestamp and value in line {number}", "other fields")
    name, moment, value = sample["point_name"], sample["timestamp"], sample["value"]
    if not isinstance(name, str) or not name:
        raise BrokenDayError(f"a text as point_name in line {number}", repr(name))
    if type(moment) is not int or not start <= moment < end:
        raise BrokenDayError(f"a timestamp of that day (UTC, in ms) in line {number}", repr(moment))
    if not _is_value(value):
        raise BrokenDayError(f"a finite number, or a text that is not a number, as value in line {number}", repr(value))
    return Sample(name, moment, value)


def is_number(text: str) -> bool:
    """Return whether a text of ACE is stored as a number."""
    return bool(NUMBER.fullmatch(text)) and math.isfinite(float(text))


def _is_value(value: Any) -> bool:
    if isinstance(value, str):
        return not is_number(value)
    return type(value) in (int, float, Decimal) and abs(value) <= sys.float_info.max  # a number in JSON may be larger


def _read_fraction(text: str) -> float | Decimal:
    """Return a JSON number with all its digits. A float is faster, and exact for a short text without an exponent."""
    return float(text) if len(text) <= EXACT_DIGITS and "e" not in text.lower() else Decimal(text)


_DECODER = json.JSONDecoder(parse_float=_read_fraction)


def _parse_moment(text: str) -> int | None:
    """Read ms since the epoch, or an ISO 8601 time, as ms since the epoch."""
    if text.isascii() and text.isdigit():
        return int(text[:18])
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
