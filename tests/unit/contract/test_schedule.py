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


@given(st.dates())
def test_every_day_is_read_back(day):
    assert schedule.parse_day(day.isoformat()) == day


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


@pytest.mark.parametrize(
    ("now", "end", "count"),
    [
        (datetime(2024, 12, 13, 5, 59, 59, tzinfo=UTC), None, 2),
        (datetime(2024, 12, 13, 6, tzinfo=UTC), None, 3),
        (datetime(2024, 12, 13, 8, tzinfo=timezone(timedelta(hours=2))), None, 3),
        (datetime(2026, 1, 1, tzinfo=UTC), "2024-12-11", 2),
        (datetime(2024, 12, 11, 5, tzinfo=UTC), None, 0),
        (datetime(2024, 12, 1, tzinfo=UTC), None, 0),
    ],
)
def test_a_day_is_due_some_hours_after_its_end(now, end, count):
    due = schedule.list_due_days("2024-12-10", end, now, 6)
    assert due == [DAY + timedelta(days=number) for number in range(count)]
    assert all(schedule.due_time(day, 6) <= now for day in due)


def test_without_settle_hours_a_day_is_due_at_its_end():
    assert schedule.due_time(DAY, 0) == datetime(2024, 12, 11, tzinfo=UTC)
    assert schedule.list_due_days("2024-12-10", None, datetime(2024, 12, 11, tzinfo=UTC), 0) == [DAY]


def test_a_day_is_a_half_open_window_in_utc():
    assert schedule.day_window(DAY) == (datetime(2024, 12, 10, tzinfo=UTC), datetime(2024, 12, 11, tzinfo=UTC))


@pytest.mark.parametrize("text", ["2024-12-10T06:00:00Z", "2024-12-10T06:00:00", "2024-12-10T01:00:00-05:00"])
def test_a_time_is_read_in_utc_and_shown_to_the_second(text):
    moment = schedule.parse_time(text)
    assert (moment, moment.tzinfo) == (datetime(2024, 12, 10, 6, tzinfo=UTC), UTC)
    assert schedule.format_time(moment) == "2024-12-10 06:00:00 UTC"


def test_another_text_is_not_a_time():
    with pytest.raises(ValueError, match="Invalid isoformat string"):
        schedule.parse_time("soon")
