from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.cron.dialect import find_broken_field
from contract.cron.times import CronTimes, find_period, list_fires

FRIDAY = datetime(2026, 11, 27, 12, 2, 30, tzinfo=UTC)


def fires(cron, count=3, after=FRIDAY):
    return [f"{moment:%Y-%m-%d %H:%M}" for moment in list_fires([cron], after, count)]


@pytest.mark.parametrize(
    ("cron", "expected"),
    [
        ("*/5 * * * *", ["2026-11-27 12:05", "2026-11-27 12:10", "2026-11-27 12:15"]),
        ("58/1 * * * *", ["2026-11-27 12:58", "2026-11-27 12:59", "2026-11-27 13:58"]),
        ("0 22-2 * * *", ["2026-11-27 22:00", "2026-11-27 23:00", "2026-11-28 00:00"]),
        ("0 22-2/2 * * *", ["2026-11-27 22:00", "2026-11-28 00:00", "2026-11-28 02:00"]),
        ("*/20,7 12 * * *", ["2026-11-27 12:07", "2026-11-27 12:20", "2026-11-27 12:40"]),
        ("0 0 * * 1", ["2026-11-29 00:00", "2026-12-06 00:00", "2026-12-13 00:00"]),
        ("0 0 * * sun", ["2026-11-29 00:00", "2026-12-06 00:00", "2026-12-13 00:00"]),
        ("0 0 * * FRI-SUN", ["2026-11-28 00:00", "2026-11-29 00:00", "2026-12-04 00:00"]),
        ("0 0 * * L", ["2026-11-28 00:00", "2026-12-05 00:00", "2026-12-12 00:00"]),
        ("0 0 * * 6L", ["2026-12-25 00:00", "2027-01-29 00:00", "2027-02-26 00:00"]),
        ("0 0 * * FRI#2", ["2026-12-11 00:00", "2027-01-08 00:00", "2027-02-12 00:00"]),
        ("0 0 * * 1#5", ["2026-11-29 00:00", "2027-01-31 00:00", "2027-05-30 00:00"]),
        ("0 0 L * *", ["2026-11-30 00:00", "2026-12-31 00:00", "2027-01-31 00:00"]),
        ("0 0 L-3 * *", ["2026-12-28 00:00", "2027-01-28 00:00", "2027-02-25 00:00"]),
        ("0 0 LW * *", ["2026-11-30 00:00", "2026-12-31 00:00", "2027-01-29 00:00"]),
        ("0 0 L-2W * *", ["2026-11-27 00:00", "2026-12-29 00:00", "2027-01-29 00:00"]),
        ("0 0 15W * *", ["2026-12-15 00:00", "2027-01-15 00:00", "2027-02-15 00:00"]),
        ("0 0 1W MAY *", ["2027-05-03 00:00", "2028-05-01 00:00", "2029-05-01 00:00"]),  # 1 May 2027 is a Saturday
        ("0 0 31W * *", ["2026-12-31 00:00", "2027-01-29 00:00", "2027-03-31 00:00"]),  # 31 January 2027 is a Sunday
        ("0 0 29 FEB *", ["2028-02-29 00:00", "2032-02-29 00:00"]),
        ("0 0 31 2 *", []),
        ("0 0 13 * FRI", ["2026-12-04 00:00", "2026-12-11 00:00", "2026-12-13 00:00"]),  # either of the two
        ("0 0 * NOV-FEB *", ["2026-11-28 00:00", "2026-11-29 00:00", "2026-11-30 00:00"]),
    ],
)
def test_the_next_times_of_a_cron(cron, expected):
    after = datetime(2026, 11, 26, 1, tzinfo=UTC) if "-2W" in cron else FRIDAY
    assert fires(cron, after=after) == expected


def test_a_fire_at_the_moment_itself_is_over():
    moment = datetime(2026, 11, 27, 12, 5, tzinfo=UTC)
    assert list_fires(["*/5 * * * *"], moment, 1) == [moment + timedelta(minutes=5)]


def test_crons_that_fire_together_fire_once():
    assert len(set(list_fires(["*/5 * * * *", "*/10 * * * *"], FRIDAY, 6))) == 6
    assert list_fires([], FRIDAY, 3) == []


@pytest.mark.parametrize(
    ("crons", "period"),
    [
        (["*/5 * * * *"], timedelta(minutes=5)),
        (["0 * * * *", "30 * * * *"], timedelta(minutes=30)),
        (["0 3 * * *", "*/5 * * * MON"], timedelta(days=1)),
        (["0 0 * * 1"], timedelta(days=7)),
        (["0 0 1 * *"], timedelta(days=31)),
        (["*/5 8-18 * * MON-FRI"], timedelta(hours=61, minutes=5)),
        (["0 0 31 2 *"], None),
        ([], None),
    ],
)
def test_the_period_is_the_longest_gap_around_now(crons, period):
    assert find_period(crons, FRIDAY) == period


def test_a_refused_cron_is_an_error():
    with pytest.raises(ValueError, match="hour"):
        CronTimes.parse("0 24 * * *")


@given(st.text(alphabet="0123456789*/,-LW#FRI ", min_size=9, max_size=20))
def test_every_accepted_cron_can_be_evaluated(cron):
    if find_broken_field(cron) is None:
        found = list_fires([cron], FRIDAY, 2)
        assert found == sorted(set(found))
