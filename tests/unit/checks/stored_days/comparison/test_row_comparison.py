"""The comparison of ACE's rows with stored samples, in bounded memory."""

import json
import tracemalloc
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.clients.ace.pages import Row
from checks.stored_days import gzip_reader
from checks.stored_days.comparison import row_table
from checks.stored_days.comparison.row_comparison import Kind, compare_rows
from checks.stored_days.content import values
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


@pytest.mark.parametrize(
    ("ace", "stored", "same"),
    [(None, None, True), (True, True, True), (False, 0, False), (1, True, False), (None, "null", False),
     ("true", "true", True), ("true", True, False), (72.5, 72.5, True), (72, "72", False), (1, 1.0, True),
     (Decimal("0.1000000000000000001"), 0.1, False), (9007199254740993, 9007199254740992, False)],
)  # fmt: skip
def test_values_that_are_not_texts(ace, stored, same):
    """Cases A1 and T7: null, booleans and numbers are compared exactly."""
    assert compare_rows([Row("a", ace, 0)], [Sample("a", 0, stored)]).equal is same


def test_neither_order_counts():
    """Case A5: ACE orders a page by point, and the object has its members one after the other."""
    theirs = [Row(name, f"{at}", at * 1000) for name in "ab" for at in (1, 2)]
    ours = [Sample(name, at, at) for at in (2, 1) for name in "ba"]
    assert compare_rows(theirs, ours).equal
    assert not compare_rows(theirs, ours[:-1]).equal


@pytest.mark.parametrize(
    ("theirs", "ours", "counts"),
    [
        ("11", "11", (0, 0, 0)),
        ("11", "1", (0, 1, 0)),
        ("1", "11", (1, 0, 0)),
        ("12", "21", (0, 0, 0)),
        ("12", "31", (0, 0, 1)),
        ("1", "31", (1, 0, 0)),
        ("123", "4", (0, 2, 1)),
        ("1", "234", (2, 0, 1)),
        ("", "22", (2, 0, 0)),
    ],
)
def test_the_values_of_a_point_at_one_time_are_a_multiset(theirs, ours, counts):
    """Cases A3 and A6: the same point, or the same row, twice at one time."""
    found = compare_rows([Row("a", value, 7) for value in theirs], [Sample("a", 0, int(value)) for value in ours])
    assert tuple(found.counts[kind] for kind in (Kind.EXTRA, Kind.MISSING, Kind.DIFFERENT)) == counts
    assert (found.rows, found.stored) == (len(theirs), len(ours))


@given(st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 2), st.integers(0, 1)), max_size=12), st.randoms())
def test_equal_multisets_are_equal_in_any_order(rows, source):
    ours = source.sample(rows, len(rows))
    theirs = [Row(name, str(value), at * 1000) for name, at, value in rows]
    assert compare_rows(theirs, [Sample(*row) for row in ours]).equal
    if rows:
        assert not compare_rows(theirs[1:], [Sample(*row) for row in ours]).equal


def test_more_rows_than_fit_into_memory_are_inconclusive(monkeypatch):
    monkeypatch.setattr(row_table, "MAX_ROWS", 2)
    with pytest.raises(DayTooLargeError, match="more than 2 rows"):
        compare_rows([Row(str(n), "1", 0) for n in range(3)], [])
    monkeypatch.setattr(gzip_reader, "MAX_CHARACTERS", 3)
    with pytest.raises(DayTooLargeError, match="more than 3 characters of values"):
        compare_rows([Row("a", "12", 0), Row("b", "34", 0)], [])


@pytest.mark.untraced
@pytest.mark.parametrize("shift", [0, 10**9])
def test_the_memory_is_that_of_the_rows_of_ace(shift):
    """All rows, or none, are equal. The largest known day has 500,000."""
    count = 20_000
    tracemalloc.start()
    found = compare_rows(
        (Row(f"p{n % 50}", f"{n}", n // 50 * 1000) for n in range(count)),
        (Sample(f"p{n % 50}", n // 50 + shift, n) for n in range(count)),
    )
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (found.equal, found.rows) == (not shift, count)
    assert peak < 200 * count


def test_a_value_is_cut_to_a_readable_length():
    assert values.format_value("x" * 100) == json.dumps("x" * 100)[:40]


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
    found = compare_rows([Row("a", "1", at * 1000) for at in range(4)], ours, find_end=lambda: 4)  # 0 to 3 were read
    assert (found.equal, found.rows, found.stored) == (True, 4, 4)
