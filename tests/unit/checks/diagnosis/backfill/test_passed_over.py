"""A site whose newest days are missing although other days were stored since."""

from datetime import UTC, date, datetime, timedelta

import pytest

from checks.diagnosis.backfill.passed_over import is_passed_over

NOW = datetime(2024, 12, 20, 12, tzinfo=UTC)
DAYS = [date(2024, 12, 1) + timedelta(days=number) for number in range(19)]  # the newest is due since six hours
YESTERDAY = datetime(2024, 12, 19, 6, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("due", "overdue", "uploads", "late"),
    [
        (DAYS, DAYS[-2:], [YESTERDAY], True),
        (DAYS, DAYS[-2:], [YESTERDAY - timedelta(hours=1), NOW - timedelta(hours=5)], False),  # an outage is over
        (DAYS, DAYS[-2:], [], False),
        (DAYS, DAYS[-1:], [YESTERDAY], False),  # it has a day
        (DAYS, DAYS[:-1], [YESTERDAY], False),  # the newest day is stored, so the older ones wait in turn
        (DAYS, [*DAYS[:-2], DAYS[-1]], [YESTERDAY], False),
        (DAYS[-1:], DAYS[-1:], [YESTERDAY], False),
        (DAYS[:5], DAYS[4:5], [], True),  # a site that has ended
        (DAYS[:5], DAYS[3:4], [YESTERDAY], False),
        ([], [], [YESTERDAY], False),
    ],
)
def test_a_site_is_passed_over_if_its_newest_days_are_missing_while_others_are_stored(due, overdue, uploads, late):
    assert is_passed_over(due, overdue, uploads, 6, NOW) is late
