"""Compares a stored day with ACE's rows. Source: docs/reference/day-object.md."""

from __future__ import annotations

import enum
import itertools
import json
import operator
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from checks.clients.ace.pages import Row
from checks.stored_days import gzip_reader
from checks.stored_days.gzip_reader import BoundedSet, DayTooLargeError
from checks.stored_days.stored_day import EXACT_DIGITS, Sample, Value, is_number

MAX_DIFFERENCES = 3  # that are described one by one
DECIMALS = range(7)  # digits after the point that a defect may round to
Group = Mapping[str, list[Any]]  # the values of one timestamp by point


class Kind(enum.StrEnum):
    """The kinds of a difference, seen from the stored day."""

    EXTRA = "only in R2"
    MISSING = "only in ACE"
    DIFFERENT = "with another value"


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A row that differs. ``ace`` and ``stored`` are None without a value. ``timestamp`` is in ms since the epoch."""

    point: str
    timestamp: int
    ace: str | None
    stored: Value | None

    @property
    def kind(self) -> Kind:
        """Return the kind."""
        if self.ace is None:
            return Kind.EXTRA
        return Kind.MISSING if self.stored is None else Kind.DIFFERENT


@dataclass(slots=True, kw_only=True)
class Comparison:
    """The result. ``rows`` counts ACE's rows, ``stored`` those of the object.

    ``first`` are the first differences of each kind by time and point. ``known`` are the object's points, ``lacking``
    the points of missing rows. ``rounded`` counts values that equal ACE's with fewer digits, and ``imprecise`` those of
    them that a 64-bit float does not tell apart. ``places`` are the places of missing rows in a page, at most two.
    """

    page_size: int = 0
    rows: int = 0
    stored: int = 0
    counts: dict[Kind, int] = field(default_factory=lambda: dict.fromkeys(Kind, 0))
    first: dict[Kind, list[Difference]] = field(default_factory=lambda: {kind: [] for kind in Kind})
    known: BoundedSet[str] = field(default_factory=BoundedSet)
    lacking: BoundedSet[str] = field(default_factory=BoundedSet)
    rounded: int = 0
    imprecise: int = 0
    places: set[int] = field(default_factory=set)

    @property
    def equal(self) -> bool:
        """Return whether every row is the same."""
        return not any(self.counts.values())

    @property
    def common(self) -> int:
        """Return the number of rows that both have, with the same value or another one."""
        return self.rows - self.counts[Kind.MISSING]

    @property
    def shown(self) -> str:
        """Return the counts for the report."""
        return ", ".join(f"{count:,} {kind}" for kind, count in self.counts.items() if count)

    def add(self, difference: Difference, positions: Mapping[str, list[int]]) -> None:
        """Count a difference. ``positions`` are the numbers of ACE's rows of this timestamp by point."""
        kind = difference.kind
        self.counts[kind] += 1
        if len(self.first[kind]) < MAX_DIFFERENCES:
            self.first[kind].append(difference)
        if kind is Kind.MISSING:
            self.lacking.add_within_limits(difference.point)
            if self.page_size and len(self.places) <= 1:
                self.places.add(positions[difference.point][0] % self.page_size)
        elif difference.ace is not None and difference.stored is not None:
            self.imprecise += _is_imprecise(difference.ace, difference.stored)
            self.rounded += _is_rounded(difference.ace, difference.stored)


def compare_rows(
    ace: Iterable[Row],
    stored: Iterable[Sample],
    *,
    page_size: int = 0,
    find_end: Callable[[], int | None] = lambda: None,
) -> Comparison:
    """Compare two streams in order of time, with the rows of one timestamp (ms) in memory at a time.

    Within a timestamp the order is not declared. ``find_end`` returns the time (ms) from which ``ace`` has no rows
    because it was not read further, or None. Raises DayTooLargeError for a timestamp with too many rows.
    """
    found = Comparison(page_size=page_size)
    streams = (
        _group_rows((row.at // 1000, row.name, row.value) for row in ace),  # microseconds are cut, as in the object
        _group_rows((sample.timestamp, sample.name, sample.value) for sample in stored),
    )
    heads = [next(stream, None) for stream in streams]
    while times := [head[0] for head in heads if head is not None]:
        now, end = min(times), find_end()
        if end is not None and now >= end:
            break
        groups: list[Group] = [head[1] if head is not None and head[0] == now else {} for head in heads]
        heads = [
            next(stream, None) if head is not None and head[0] == now else head
            for stream, head in zip(streams, heads, strict=True)
        ]
        _compare_group(found, now, groups[0], groups[1])
    return found


def _compare_group(found: Comparison, now: int, theirs: Group, ours: Group) -> None:
    for name in ours:
        found.known.add_within_limits(name)
    wrong = [
        Difference(point=name, timestamp=now, ace=ace, stored=stored)
        for name in (theirs.keys() | ours.keys() if theirs.keys() != ours.keys() else theirs)
        for ace, stored in itertools.zip_longest(theirs.get(name, ()), ours.get(name, ()))
        if ace is None or stored is None or not _is_same(ace, stored)
    ]
    if wrong:
        positions = _number_rows(theirs, found.rows)
        for difference in sorted(wrong, key=operator.attrgetter("point")):
            found.add(difference, positions)
    found.rows += sum(map(len, theirs.values()))
    found.stored += sum(map(len, ours.values()))


def _number_rows(theirs: Group, start: int) -> dict[str, list[int]]:
    """Return the numbers of ACE's rows of one timestamp by point. A point has nearly always one row."""
    numbers: dict[str, list[int]] = {}
    for name, values in theirs.items():
        numbers[name] = list(range(start, start + len(values)))
        start += len(values)
    return numbers


def _is_same(ace: str, stored: Value) -> bool:
    """Return whether a value is the stored form of ACE's text: a number if the text is one, else the text itself.

    Numbers are compared to the last digit.
    """
    if not is_number(ace):
        return ace == stored
    if isinstance(stored, str):
        return False
    if type(stored) is float and len(ace) <= EXACT_DIGITS:
        return float(ace) == stored
    return Decimal(ace) == _to_decimal(stored)


def _to_decimal(value: float | Decimal) -> Decimal:
    """Return a number with the digits that it was read from."""
    return Decimal(repr(value)) if isinstance(value, float) else Decimal(value)


def _is_imprecise(ace: str, stored: Value) -> bool:
    """Return whether two different numbers are equal as 64-bit floats, so that a program lost digits."""
    return is_number(ace) and not isinstance(stored, str) and float(ace) == float(stored)


def _is_rounded(ace: str, stored: Value) -> bool:
    """Return whether a stored number is ACE's with fewer digits."""
    if not is_number(ace) or isinstance(stored, str):
        return False
    exact, kept = float(ace), float(stored)
    return int(exact) == kept or any(round(exact, digits) == kept for digits in DECIMALS)


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


def format_value(value: Value) -> str:
    """Return a value as it is in the object, cut to 40 characters."""
    text = str(value) if isinstance(value, Decimal) else json.dumps(value, ensure_ascii=False)
    return text[:40]
