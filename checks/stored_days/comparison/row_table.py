"""Holds ACE's rows of a day while stored samples are compared with them, in any order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from checks.clients.ace.pages import Row
from checks.stored_days import gzip_reader
from checks.stored_days.content.values import Value, is_same
from checks.stored_days.gzip_reader import BoundedSet, DayTooLargeError

MAX_ROWS = 1_000_000  # in memory, which take at most 200 MB. The largest known day has 500,000


class RowTable:
    """ACE's rows without a stored sample so far, by point and time (ms). ``values`` has the value of each row.

    A row is known by its number, in ACE's order from 0. A point nearly always has one row at a time, so a place holds
    a number, and a list of numbers only for more rows.
    """

    def __init__(self, rows: Iterable[Row]) -> None:
        """Read all rows. Raises DayTooLargeError beyond MAX_ROWS, and for too many characters."""
        self.values: list[Value] = []
        self._places: dict[str, dict[int, int | list[int]]] = {}
        self._removed = bytearray()  # 1 for the number of a removed row
        names, times, texts = BoundedSet[str](), dict[int, int](), _SharedTexts()
        for number, row in enumerate(rows):
            if number >= MAX_ROWS:
                raise DayTooLargeError(f"more than {MAX_ROWS:,} rows of ACE")
            names.add_within_limits(row.name)
            at = row.at // 1000  # microseconds are cut, as in the object
            self._add(row.name, times.setdefault(at, at), number)
            self.values.append(texts.share(row.value) if isinstance(row.value, str) else row.value)
            self._removed.append(0)

    def _add(self, name: str, at: int, number: int) -> None:
        moments = self._places.setdefault(name, {})
        known = moments.setdefault(at, number)
        if isinstance(known, list):
            known.append(number)
        elif known != number:
            moments[at] = [known, number]

    def list_numbers(self, name: str, at: int) -> list[int]:
        """Return the numbers of the rows that are left at a place."""
        return [number for number in self._list_all(name, at) if not self._removed[number]]

    def remove(self, number: int) -> None:
        """Remove a row."""
        self._removed[number] = 1

    def has_removed(self, name: str, at: int, value: Value) -> bool:
        """Return whether a removed row of a place has this value."""
        return any(self._removed[number] and is_same(self.values[number], value) for number in self._list_all(name, at))

    def _list_all(self, name: str, at: int) -> list[int]:
        known = self._places.get(name, {}).get(at, [])
        return known if isinstance(known, list) else [known]

    def iterate_places(self) -> Iterator[tuple[str, int, list[int]]]:
        """Yield each place where rows are left, with their numbers."""
        for name, moments in self._places.items():
            for at in moments:
                if numbers := self.list_numbers(name, at):
                    yield name, at, numbers


class _SharedTexts:
    """Keeps one copy of equal texts."""

    def __init__(self) -> None:
        self._known: dict[str, str] = {}
        self._characters = 0

    def share(self, text: str) -> str:
        """Return the kept copy. Raises DayTooLargeError beyond MAX_CHARACTERS of distinct texts."""
        known = self._known.setdefault(text, text)
        if known is text:
            self._characters += len(text)
            if self._characters > gzip_reader.MAX_CHARACTERS:
                raise DayTooLargeError(f"more than {gzip_reader.MAX_CHARACTERS:,} characters of values of ACE")
        return known
