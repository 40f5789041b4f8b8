"""Compares a stored day with ACE's rows. Source: docs/reference/day-object.md."""

from __future__ import annotations

import bisect
import enum
import itertools
import operator
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from checks.clients.ace.pages import Row
from checks.stored_days.comparison.row_table import RowTable
from checks.stored_days.content.values import Absent, Value, is_imprecise, is_rounded, is_same
from checks.stored_days.gzip_reader import BoundedSet
from checks.stored_days.stored_day import Sample

MAX_DIFFERENCES = 3  # that are described one by one


class Kind(enum.StrEnum):
    """The kinds of a difference, seen from the stored day."""

    EXTRA = "only in R2"
    MISSING = "only in ACE"
    DIFFERENT = "with another value"


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A row that differs. ``ace`` and ``stored`` are its values. ``timestamp`` is in ms since the epoch."""

    point: str
    timestamp: int
    ace: Value | Absent
    stored: Value | Absent

    @property
    def kind(self) -> Kind:
        """Return the kind."""
        if self.ace is Absent.ABSENT:
            return Kind.EXTRA
        return Kind.MISSING if self.stored is Absent.ABSENT else Kind.DIFFERENT

    @property
    def order(self) -> tuple[int, str]:
        """Return the place of the row in the order of the report."""
        return self.timestamp, self.point


@dataclass(slots=True, kw_only=True)
class Comparison:
    """The result. ``rows`` counts ACE's rows, ``stored`` those of the object.

    ``first`` are the first differences of each kind by time and point. ``known`` are the object's points, ``lacking``
    the points of missing rows. ``rounded`` counts values that equal ACE's with fewer digits, and ``imprecise`` those of
    them that a 64-bit float does not tell apart. ``places`` are the places of missing rows in a page, at most two.
    ``repeated`` counts the rows that ACE has too, and the object more often.
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
    repeated: int = 0
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

    def add(self, difference: Difference, number: int = 0) -> None:
        """Count a difference. ``number`` is the number of ACE's row."""
        kind = difference.kind
        self.counts[kind] += 1
        first = self.first[kind]
        bisect.insort(first, difference, key=operator.attrgetter("order"))
        del first[MAX_DIFFERENCES:]
        if difference.stored is Absent.ABSENT:
            self.lacking.add_within_limits(difference.point)
            if self.page_size and len(self.places) <= 1:
                self.places.add(number % self.page_size)
        elif difference.ace is not Absent.ABSENT:
            self.imprecise += is_imprecise(difference.ace, difference.stored)
            self.rounded += is_rounded(difference.ace, difference.stored)


def compare_rows(
    ace: Iterable[Row],
    stored: Iterable[Sample],
    *,
    page_size: int = 0,
    find_end: Callable[[], int | None] = lambda: None,
) -> Comparison:
    """Compare ACE's rows with stored samples: the values of a point at one time (ms) are compared as multisets.

    Neither order counts, because ACE promises none within a page. ``find_end`` returns the time (ms) from which ``ace``
    has no rows because it was not read further, or None. Raises DayTooLargeError for more rows than fit into memory.
    """
    table = RowTable(ace)
    found, end = Comparison(page_size=page_size), find_end()
    unmatched: dict[tuple[int, str], list[Value]] = {}
    for sample in stored:
        if end is None or sample.timestamp < end:
            found.stored += 1
            found.known.add_within_limits(sample.name)
            if not _match(table, sample):
                _note_unmatched(found, table, sample, unmatched)
    equal = found.stored - found.counts[Kind.EXTRA] - sum(map(len, unmatched.values()))
    left = ((name, at, numbers) for name, at, numbers in table.iterate_places() if end is None or at < end)
    found.rows = equal + sum(_compare_place(found, table, place, unmatched) for place in left)
    for (at, name), values in unmatched.items():
        for value in values:
            found.add(Difference(point=name, timestamp=at, ace=Absent.ABSENT, stored=value))
    return found


def _match(table: RowTable, sample: Sample) -> bool:
    """Remove a row of ACE that equals a stored sample. Return whether there is one."""
    for number in table.list_numbers(sample.name, sample.timestamp):
        if is_same(table.values[number], sample.value):
            table.remove(number)
            return True
    return False


def _note_unmatched(
    found: Comparison, table: RowTable, sample: Sample, unmatched: dict[tuple[int, str], list[Value]]
) -> None:
    """Keep a sample for which ACE has other values, and count one for which it has none.

    So memory holds at most as many samples as ACE has rows.
    """
    place = sample.timestamp, sample.name
    kept = unmatched.get(place, [])
    if len(kept) < len(table.list_numbers(sample.name, sample.timestamp)):
        unmatched[place] = [*kept, sample.value]
    else:
        found.add(Difference(point=sample.name, timestamp=sample.timestamp, ace=Absent.ABSENT, stored=sample.value))
        found.repeated += table.has_removed(sample.name, sample.timestamp, sample.value)


def _compare_place(
    found: Comparison,
    table: RowTable,
    place: tuple[str, int, list[int]],
    unmatched: dict[tuple[int, str], list[Value]],
) -> int:
    """Count the rows that are left at a place, and remove the samples that are there. Return the number of rows."""
    name, at, numbers = place
    values = unmatched.get((at, name), [])
    for number, stored in itertools.zip_longest(numbers, values[: len(numbers)], fillvalue=Absent.ABSENT):
        if not isinstance(number, Absent):
            found.add(Difference(point=name, timestamp=at, ace=table.values[number], stored=stored), number)
    if values:
        unmatched[at, name] = values[len(numbers) :]
    return len(numbers)
