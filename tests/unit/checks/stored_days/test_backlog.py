from datetime import UTC, date, datetime, timedelta

import pytest

from checks.stored_days.backlog import find_window_end, format_days

NOON = datetime(2026, 11, 27, 12, tzinfo=UTC)  # a Friday
FIRST = date(2026, 11, 1)


@pytest.mark.parametrize(
    ("crons", "window"),
    [
        (["*/5 * * * *"], timedelta(minutes=30)),
        (["* * * * *"], timedelta(minutes=30)),
        (["0 * * * *"], timedelta(hours=3, minutes=15)),
        (["0 12 * * FRI"], timedelta(days=21, minutes=15)),
        (["0 * * * *", "*/5 * * * *"], timedelta(minutes=30)),
        (["0-10/5 8 * * *"], timedelta(hours=20, minutes=25)),
        ([], timedelta(minutes=30)),
        (["0 0 31 2 *"], timedelta(minutes=30)),
    ],
)
def test_the_window_lets_the_cron_run_three_times(crons, window):
    assert find_window_end(crons, NOON) - NOON == window


@pytest.mark.parametrize(
    ("numbers", "text"),
    [
        ([], ""),
        ([0], "2026-11-01"),
        ([0, 1, 2], "2026-11-01 to 2026-11-03"),
        ([4, 0, 1], "2026-11-01 to 2026-11-02, 2026-11-05"),
        ([0, 2, 4], "2026-11-01, 2026-11-03, 2026-11-05"),
        ([0, 2, 4, 6, 8, 9], "2026-11-01, 2026-11-03, 2 more gaps, 2026-11-09 to 2026-11-10"),
    ],
)
def test_days_are_named_as_few_ranges(numbers, text):
    assert format_days(FIRST + timedelta(days=number) for number in numbers) == text
