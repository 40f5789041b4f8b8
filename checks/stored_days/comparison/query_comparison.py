"""Compares a stored day with the answer of a query worker."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from decimal import Decimal

from checks.stored_days.stored_day import Sample, Value, format_moment


def select_samples(samples: Iterable[Sample], points: Collection[str], minimum: int) -> tuple[Sample, ...]:
    """Return the first samples of some points: at least ``minimum`` if there are enough, and all of the last timestamp.

    A point is given by its name or by the last segment of the name, for example ``VAV-707.DaTemp``.
    """
    found: list[Sample] = []
    for sample in samples:
        if len(found) >= minimum and sample.timestamp > found[-1].timestamp:
            break
        if sample.name in points or sample.name.rpartition("/")[2] in points:
            found.append(sample)
    return tuple(found)


def find_difference(stored: Sequence[Sample], served: Sequence[Sample]) -> tuple[str, str, str] | None:
    """Return the first difference in the order of time (place, stored value, served value), or None."""
    one, other = ({(item.timestamp, item.name): item.value for item in items} for items in (stored, served))
    wrong = [key for key in one.keys() | other.keys() if not _is_same(one.get(key), other.get(key))]
    if wrong:
        at, name = first = min(wrong)
        more = f" ({len(wrong)} of {len(one)} samples differ)"
        return f"{name} at {format_moment(at)}", _format_sample(one.get(first)), _format_sample(other.get(first)) + more
    if len(served) != len(stored):
        return "samples", str(len(stored)), f"{len(served)}, some of them repeated"
    return None


def _is_same(stored: Value | None, served: Value | None) -> bool:
    """Return whether two values are the same. A served fraction has the digits of a 64-bit float."""
    stored = float(stored) if isinstance(stored, Decimal) else stored
    return stored == served and isinstance(stored, str) == isinstance(served, str)


def _format_sample(value: Value | None) -> str:
    if value is None:
        return "no such sample"
    return str(value) if isinstance(value, Decimal) else repr(value)
