from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract import schedule

DAY = date(2024, 12, 10)


@pytest.mark.parametrize(
    "text", ["", "2024-13-01", "20241210", "2024-1-1", "2024-W50-2", "2024-12-10T00:00", " 2024-12-10"]
)
def test_a_text_of_another_form_is_not_a_day(text):
    assert schedule.parse_day(text) is None
    assert not schedule.is_iso_date(text)


@given(st.dates())
def test_every_day_is_read_back(day):
    assert schedule.parse_day(day.isoformat()) == day
    assert schedule.is_iso_date(day.isoformat())


@pytest.mark.parametrize(
    ("end_date", "now", "expected"),
    [
        (None, datetime(2024, 12, 11, tzinfo=UTC), DAY),
        (None, datetime(2024, 12, 10, 23, 59, 59, tzinfo=UTC), date(2024, 12, 9)),
        (None, datetime(2024, 12, 11, 1, tzinfo=timezone(timedelta(hours=2))), date(2024, 12, 9)),
        ("2024-12-10", datetime(2026, 1, 1, tzinfo=UTC), DAY),
        ("2026-12-10", datetime(2024, 12, 11, tzinfo=UTC), DAY),
    ],
)
def test_the_last_day_is_the_declared_one_but_never_a_day_that_is_not_over(end_date, now, expected):
    assert schedule.last_day(end_date, now) == expected


def test_an_end_date_of_another_form_is_an_error():
    with pytest.raises(ValueError, match="isoformat"):
        schedule.last_day("yesterday", datetime(2024, 12, 11, tzinfo=UTC))


def test_days_between_includes_both_ends():
    assert schedule.days_between(DAY, DAY) == [DAY]
    assert schedule.days_between(DAY, date(2024, 12, 12)) == [DAY, date(2024, 12, 11), date(2024, 12, 12)]
    assert schedule.days_between(DAY, date(2024, 12, 9)) == []


def test_a_day_is_a_half_open_window_in_utc():
    assert schedule.day_window(DAY) == (datetime(2024, 12, 10, tzinfo=UTC), datetime(2024, 12, 11, tzinfo=UTC))
