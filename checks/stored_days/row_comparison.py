"""Compares a stored day with ACE's rows. Source: docs/reference/day-object.md."""

from __future__ import annotations

import itertools
import json
import operator
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from checks.clients.ace.pages import Row
from checks.stored_days import gzip_reader
from checks.stored_days.gzip_reader import BoundedSet, DayTooLargeError
from checks.stored_days.stored_day import Sample, is_number

MAX_DIFFERENCES = 3  # that are described one by one
Group = Mapping[str, list[Any]]  # the values of one timestamp by point


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A row that differs. ``ace`` and ``stored`` are None without a value. ``timestamp`` is in ms since the epoch."""

    point: str
    timestamp: int
    ace: str | None
    stored: int | float | str | None


@dataclass(slots=True, kw_only=True)
class Comparison:
    """The result. ``rows`` counts ACE's rows. ``stored`` are the object's points, ``lacking`` those without a row."""

    rows: int = 0
    differing: int = 0
    missing: int = 0
    extra: int = 0
    first: list[Difference] = field(default_factory=list)
    stored: BoundedSet[str] = field(default_factory=BoundedSet)
    lacking: BoundedSet[str] = field(default_factory=BoundedSet)

    @property
    def equal(self) -> bool:
        """Return whether every row is the same."""
        return not (self.differing or self.missing or self.extra)

    @property
    def later(self) -> bool:
        """Return whether only points are missing that the object does not have. ACE may have received them later."""
        return bool(self.missing) and not (self.differing or self.extra) and not self.lacking & self.stored

    @property
    def shown(self) -> str:
        """Return the counts for the report."""
        counts = {"differ": self.differing, "missing": self.missing, "extra": self.extra}
        return ", ".join(f"{count:,} {name}" for name, count in counts.items() if count)


def compare_rows(ace: Iterable[Row], stored: Iterable[Sample]) -> Comparison:
    """Compare two streams in order of time, with the rows of one timestamp (ms) in memory at a time.

    Within a timestamp the order is not declared. Raises DayTooLargeError for a timestamp with too many rows.
    """
    found = Comparison()
    streams = (
        _group_rows((row.at // 1000, row.name, row.value) for row in ace),  # microseconds are cut, as in the object
        _group_rows((sample.timestamp, sample.name, sample.value) for sample in stored),
    )
    heads = [next(stream, None) for stream in streams]
    while times := [head[0] for head in heads if head is not None]:
        now = min(times)
        groups: list[Group] = [head[1] if head is not None and head[0] == now else {} for head in heads]
        heads = [
            next(stream, None) if head is not None and head[0] == now else head
            for stream, head in zip(streams, heads, strict=True)
        ]
        _compare_group(found, now, groups[0], groups[1])
    return found


def _compare_group(found: Comparison, now: int, theirs: Group, ours: Group) -> None:
    for name in ours:
        found.stored.add_within_limits(name)
    found.rows += sum(map(len, theirs.values()))
    for name in theirs.keys() | ours.keys() if theirs.keys() != ours.keys() else theirs:
        pairs = itertools.zip_longest(theirs.get(name, ()), ours.get(name, ()))
        for ace, stored in pairs:
            if ace is not None and stored is not None and _is_same(ace, stored):
                continue
            found.missing += stored is None
            found.extra += ace is None
            found.differing += ace is not None and stored is not None
            if stored is None:
                found.lacking.add_within_limits(name)
            if len(found.first) < MAX_DIFFERENCES:
                found.first.append(Difference(point=name, timestamp=now, ace=ace, stored=stored))


def _is_same(ace: str, stored: float | str) -> bool:
    """Return whether a value is the stored form of ACE's text: a number if the text is one, else the text itself."""
    if not is_number(ace):
        return ace == stored
    return not isinstance(stored, str) and float(ace) == float(stored)


def _group_rows(rows: Iterable[tuple[int, str, Any]]) -> Iterator[tuple[int, Group]]:
    for now, group in itertools.groupby(rows, key=operator.itemgetter(0)):
        values: dict[str, list[Any]] = {}
        characters = 0
        for count, (_, name, value) in enumerate(group):
            characters += len(name) + (len(value) if isinstance(value, str) else 0)
            if count >= gzip_reader.MAX_POINTS or characters > gzip_reader.MAX_CHARACTERS:
                raise DayTooLargeError(
                    f"more than {gzip_reader.MAX_POINTS:,} rows, or {gzip_reader.MAX_CHARACTERS:,} characters, "
                    "of one timestamp"
                )
            values.setdefault(name, []).append(value)
        yield now, values


def format_value(value: float | str | None) -> str:
    """Return a value as it is in the object, cut to 40 characters."""
    return json.dumps(value, ensure_ascii=False)[:40]
