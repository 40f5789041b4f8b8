"""Compares a stored day with the answer of a query worker."""

from __future__ import annotations

import itertools
import operator
from collections.abc import Collection, Iterable, Sequence
from decimal import Decimal

from checks.stored_days.content.values import Absent, Value
from checks.stored_days.stored_day import Sample, format_moment


def select_samples(
    samples: Iterable[Sample], points: Collection[str], minimum: int, *, is_end: bool = False
) -> tuple[Sample, ...]:
    """Return the first samples of some points: at least ``minimum`` if there are enough, and all of the last timestamp.

    With ``is_end`` the last samples, and all of the first timestamp. A point is given by its name or by the last
    segment of the name, for example ``VAV-707.DaTemp``. The samples may be in any order, and are returned in the order
    of time.
    """
    found = [sample for sample in samples if sample.name in points or sample.name.rpartition("/")[2] in points]
    found.sort(key=operator.attrgetter("timestamp"))
    if len(found) <= minimum:
        return tuple(found)
    if is_end:
        first = found[-max(minimum, 1)].timestamp
        return tuple(sample for sample in found if sample.timestamp >= first)
    last = found[max(minimum, 1) - 1].timestamp
    return tuple(itertools.takewhile(lambda sample: sample.timestamp <= last, found))


def find_difference(stored: Sequence[Sample], served: Sequence[Sample]) -> tuple[str, str, str] | None:
    """Return the first difference in the order of time (place, stored value, served value), or None.

    The values of a point at one time are compared in the order of the object.
    """
    one, other = _group_values(stored), _group_values(served)
    wrong = [
        (place, ours, theirs)
        for place in one.keys() | other.keys()
        for ours, theirs in itertools.zip_longest(one.get(place, ()), other.get(place, ()), fillvalue=Absent.ABSENT)
        if not _is_same(ours, theirs)
    ]
    if not wrong:
        return None
    (at, name), ours, theirs = min(wrong, key=operator.itemgetter(0))
    more = f" ({len(wrong)} of {len(stored)} samples differ)"
    return f"{name} at {format_moment(at)}", _format_sample(ours), _format_sample(theirs) + more


def _group_values(samples: Iterable[Sample]) -> dict[tuple[int, str], list[Value]]:
    groups: dict[tuple[int, str], list[Value]] = {}
    for sample in samples:
        groups.setdefault((sample.timestamp, sample.name), []).append(sample.value)
    return groups


def _is_same(stored: Value | Absent, served: Value | Absent) -> bool:
    """Return whether two values are the same. A served fraction has the digits of a 64-bit float."""
    stored = float(stored) if isinstance(stored, Decimal) else stored
    kinds = [(isinstance(value, str), isinstance(value, bool)) for value in (stored, served)]
    return stored == served and kinds[0] == kinds[1]


def _format_sample(value: Value | Absent) -> str:
    if isinstance(value, Absent):
        return "no such sample"
    return str(value) if isinstance(value, Decimal) else repr(value)
