"""Decodes a stored day in bounded memory and compares it with its metadata. Source: docs/reference/day-object.md."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

from checks.stored_days.content.members import DayContent
from checks.stored_days.content.values import MAX_SHOWN, Value, is_stored_form, read_fraction
from checks.stored_days.gzip_reader import BoundedSet, BrokenDayError
from contract.day_object import FORMAT, find_member
from contract.schedule import day_window

REVISION = re.compile(r"[1-9]\d{0,8}", re.ASCII)


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


def decode_day(raw: bytes, metadata: Mapping[str, str], *, day: date, site: str = "") -> Day:
    """Decode one stored day of a site, in the format that its metadata name. Rows may be in any order, and repeated.

    Raises BrokenDayError for an object that is not made of gzip files of its samples, DayTooLargeError for a day beyond
    the limits of this checker.
    """
    content = DayContent.create(raw, metadata)
    found, sites = Day(day=day), dict[str, str]()
    for sample in _decode_samples(content, day):
        if sample.name not in found.points:
            found.points.add_within_limits(sample.name)
            sites.setdefault(_find_site(sample.name), sample.name)
        found.samples += 1
        found.first = sample.timestamp if found.first is None else min(found.first, sample.timestamp)
        found.last = sample.timestamp if found.last is None else max(found.last, sample.timestamp)
    found.sha256 = content.sha256
    sites.pop("", None)
    if site and sites and site not in sites:
        other, name = next(iter(sites.items()))
        raise BrokenDayError(f"points of site {site}", f"{name}, of site {other}")
    return found


def read_samples(raw: bytes, metadata: Mapping[str, str], *, day: date) -> Iterator[Sample]:
    """Yield the samples of a stored day in the order of the object. Raises as ``decode_day`` does.

    A point's samples are in one member, in ACE's order. The order of ACE's rows within a page is not promised.
    """
    return _decode_samples(DayContent.create(raw, metadata), day)


def format_moment(moment: int) -> str:
    """Return a time in ms since the epoch as an ISO 8601 text in UTC."""
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=moment)).isoformat(timespec="milliseconds")[:23]


def _decode_samples(content: DayContent, day: date) -> Iterator[Sample]:
    start, end = (int(moment.timestamp()) * 1000 for moment in day_window(day))
    current: int | None = None
    names = BoundedSet[str]()  # of the member
    for number, (member, line) in enumerate(content.read_lines(), start=1):
        sample = _parse_sample(line, number, start, end)
        if member != current:
            current, names = member, BoundedSet()
        if member is not None and sample.name not in names:
            names.add_within_limits(sample.name)
            _require_member(sample.name, member)
        yield sample


def _require_member(name: str, member: int) -> None:
    expected = find_member(name)
    if expected != member:
        raise BrokenDayError(f"{name[:MAX_SHOWN]} in member {expected}", f"it is in member {member}")


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
    if metadata.get("format") == FORMAT:
        _require_revision(metadata)


def _require_revision(metadata: Mapping[str, str]) -> None:
    """Raise BrokenDayError for a revision that is not a number from 1, and for a re-check without a time."""
    revision, checked = metadata.get("revision", ""), metadata.get("checked_at")
    if not REVISION.fullmatch(revision):
        raise BrokenDayError("metadata revision, a number from 1", repr(revision[:MAX_SHOWN]))
    if checked is not None and _parse_moment(checked) is None:
        raise BrokenDayError("metadata checked_at, a time", repr(checked[:MAX_SHOWN]))


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
    if not is_stored_form(value):
        expected = f"a finite number, a text that is not a number, a boolean or null as value in line {number}"
        raise BrokenDayError(expected, repr(value))
    return Sample(name, moment, value)


_DECODER = json.JSONDecoder(parse_float=read_fraction)


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
