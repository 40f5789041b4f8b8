"""The comparison of ACE's rows with stored samples, in bounded memory."""

import json
import tracemalloc
from decimal import Decimal

import pytest

from checks.clients.ace.pages import Row
from checks.stored_days import gzip_reader
from checks.stored_days.comparison import row_comparison
from checks.stored_days.comparison.row_comparison import Kind, compare_rows
from checks.stored_days.gzip_reader import DayTooLargeError
from checks.stored_days.stored_day import Sample


def test_the_order_within_a_timestamp_does_not_matter():
    theirs = [Row("a", "1", 0), Row("b", "2", 0), Row("a", "3", 1000)]
    ours = [Sample("b", 0, 2), Sample("a", 0, 1), Sample("a", 1, 3)]
    assert compare_rows(theirs, ours).equal


def test_two_rows_of_ace_in_one_millisecond_are_two_rows():
    found = compare_rows([Row("a", "1", 0), Row("a", "1", 999)], [Sample("a", 0, 1)])
    assert (found.rows, found.counts[Kind.MISSING], found.shown) == (2, 1, "1 only in ACE")


@pytest.mark.parametrize(
    ("ace", "stored", "same"),
    [("1", "1", False), ("1.0", 1, True), ("x", "x", True), ("x", "y", False), ("1e999", "1e999", True),
     ("1", 2, False), ("", 0, False), ("0.1", 0.1, True), ("0.10", 0.1, True), ("1e3", 1000.0, True), ("-0", 0, True),
     ("9007199254740993", 9007199254740993, True), ("9007199254740993", 9007199254740992, False),
     ("9007199254740993", 9007199254740992.0, False), ("9007199254740993.0", 9007199254740993, True),
     ("0.12345678901234567", Decimal("0.12345678901234567"), True), ("0.12345678901234567", 0.12345678901234568, False),
     ("0.1000000000000000000", 0.1, True), ("0.1000000000000000001", 0.1, False)],
)  # fmt: skip
def test_values(ace, stored, same):
    """Case T7: numbers are compared to the last digit."""
    assert compare_rows([Row("a", ace, 0)], [Sample("a", 0, stored)]).equal is same


def test_a_timestamp_with_too_many_rows_is_inconclusive(monkeypatch):
    monkeypatch.setattr(gzip_reader, "MAX_POINTS", 2)
    with pytest.raises(DayTooLargeError, match="more than 2 rows"):
        compare_rows([Row(str(n), "1", 0) for n in range(3)], [])


@pytest.mark.untraced
def test_the_memory_is_that_of_one_timestamp_not_of_the_day():
    count = 60_000
    tracemalloc.start()
    found = compare_rows(
        (Row(f"p{n % 50}", f"{n}", n // 50 * 1000) for n in range(count)),
        (Sample(f"p{n % 50}", n // 50, n) for n in range(count)),
    )
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (found.equal, found.rows) == (True, count)
    assert peak < 2**20


def test_a_value_is_cut_to_a_readable_length():
    assert row_comparison.format_value("x" * 100) == json.dumps("x" * 100)[:40]


def test_the_first_differences_are_the_first_by_time_and_point():
    """Case C18: the same three each time, whatever the order of the rows."""
    names = [f"p{n:02}" for n in range(40)]
    theirs = [Row(name, "1", at * 1000) for at in (5, 7) for name in names]
    found = compare_rows(theirs, [Sample(name, at, 2) for at in (5, 7) for name in reversed(names)])
    assert [(item.timestamp, item.point) for item in found.first[Kind.DIFFERENT]] == [
        (5, "p00"),
        (5, "p01"),
        (5, "p02"),
    ]
    lost = compare_rows(theirs, [])
    assert [(item.timestamp, item.point) for item in lost.first[Kind.MISSING]] == [(5, "p00"), (5, "p01"), (5, "p02")]


def test_a_part_of_the_rows_is_compared_up_to_its_end():
    """Case C6: what ACE was not asked for is not missing."""
    ours = [Sample("a", at, 1) for at in range(10)]
    found = compare_rows([Row("a", "1", at * 1000) for at in range(4)], ours, find_end=lambda: 4)
    assert (found.equal, found.rows, found.stored) == (True, 4, 4)
