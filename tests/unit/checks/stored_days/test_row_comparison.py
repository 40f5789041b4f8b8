"""The comparison of ACE's rows with stored samples, in bounded memory."""

import json
import tracemalloc

import pytest

from checks.clients.ace.pages import Row
from checks.stored_days import gzip_reader, row_comparison
from checks.stored_days.gzip_reader import DayTooLargeError
from checks.stored_days.row_comparison import compare_rows
from checks.stored_days.stored_day import Sample


def test_the_order_within_a_timestamp_does_not_matter():
    theirs = [Row("a", "1", 0), Row("b", "2", 0), Row("a", "3", 1000)]
    ours = [Sample("b", 0, 2), Sample("a", 0, 1), Sample("a", 1, 3)]
    assert compare_rows(theirs, ours).equal


def test_two_rows_of_ace_in_one_millisecond_are_two_rows():
    found = compare_rows([Row("a", "1", 0), Row("a", "1", 999)], [Sample("a", 0, 1)])
    assert (found.rows, found.missing, found.later, found.shown) == (2, 1, False, "1 missing")


@pytest.mark.parametrize(
    ("ace", "stored", "same"),
    [("1", "1", False), ("1.0", 1, True), ("x", "x", True), ("x", "y", False), ("1e999", "1e999", True),
     ("1", 2, False), ("", 0, False), ("0.1", 0.1, True)],
)  # fmt: skip
def test_values(ace, stored, same):
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
