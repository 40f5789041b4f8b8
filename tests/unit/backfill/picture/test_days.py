"""The state of each day: from the list of objects, the failures, the calendar and the time."""

from datetime import UTC, date, datetime, timedelta

import pytest

from backfill.picture.days import Rules, judge_day, judge_site
from backfill.picture.site import State
from cloudflare_client.answers import StoredObject
from contract.control_objects import Failure

DAY = date(2024, 12, 10)
NOON = datetime(2024, 12, 20, 12, tzinfo=UTC)
RULES = Rules(settle_hours=6, recheck_days=3, now=NOON)
RECHECK = datetime(2024, 12, 14, tzinfo=UTC)  # three days after the end of DAY


def stored(*, size=500, uploaded=NOON, **metadata):
    texts = {name: str(value) for name, value in metadata.items()}
    return StoredObject(key="k", size=size, metadata=texts, content_encoding="", uploaded=uploaded)


def failure(day=DAY):
    return Failure(site="a", day=day, code="upstream_contract", attempts=1, first_at=NOON, last_at=NOON)


def state(item, day=DAY, *, rules=RULES, is_failed=False):
    return judge_day(day, item, is_failed=is_failed, rules=rules).state


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        (stored(samples=3), State.STORED),
        (stored(size=32), State.EMPTY),
        (stored(size=33), State.STORED),
        (stored(checked_at="2024-12-14T00:00:01Z"), State.RECHECKED),
        (stored(revision=2, checked_at="2024-12-14T00:00:01Z"), State.RECHECKED),
        (stored(revision=2), State.STORED),  # rewritten in format 2, without ACE
        (stored(revision=1), State.STORED),
        (stored(uploaded=RECHECK - timedelta(seconds=1)), State.LATE),
        (stored(uploaded=RECHECK), State.STORED),
        (stored(size=20, uploaded=RECHECK - timedelta(seconds=1)), State.LATE),
        (None, State.MISSING),
    ],
)
def test_the_state_of_a_due_day(item, expected):
    assert state(item) is expected


def test_a_failure_counts_while_the_day_has_no_object():
    assert state(None, is_failed=True) is State.FAILED
    assert state(stored(), is_failed=True) is State.STORED


def test_no_day_waits_for_a_recheck_without_rechecks_or_before_its_time():
    old = stored(uploaded=RECHECK - timedelta(days=3))
    assert state(old, rules=Rules(settle_hours=6, recheck_days=0, now=NOON)) is State.STORED
    early = Rules(settle_hours=6, recheck_days=3, now=RECHECK - timedelta(seconds=1))
    assert state(old, rules=early) is State.STORED


def test_a_day_is_due_after_its_settle_time():
    due = datetime(2024, 12, 11, 6, tzinfo=UTC)
    for now, expected in ((due - timedelta(seconds=1), State.NOT_DUE), (due, State.MISSING)):
        assert state(None, rules=Rules(settle_hours=6, recheck_days=3, now=now)) is expected


def test_a_site_has_its_days_up_to_yesterday_and_its_counts():
    items = {
        DAY: stored(uploaded=NOON - timedelta(minutes=20)),
        DAY + timedelta(days=1): stored(size=20, uploaded=NOON - timedelta(minutes=30)),
        DAY - timedelta(days=9): stored(),
    }
    failures = [failure(DAY + timedelta(days=2)), failure(DAY), failure(DAY - timedelta(days=50))]
    site = judge_site("a", "2024-12-10", None, stored=items, failures=failures, rules=RULES)
    assert (site.days[0].date, site.days[-1].date) == (DAY, date(2024, 12, 19))
    assert (site.due, site.stored, site.empty) == (10, 2, 1)
    assert (site.counts[State.MISSING], site.counts[State.FAILED]) == (7, 1)
    assert [item.day for item in site.failures] == [DAY + timedelta(days=2)], "a stored day has no failure"
    assert (site.newest, site.oldest_missing) == (DAY + timedelta(days=1), DAY + timedelta(days=2))
    assert site.rate.days_per_hour == pytest.approx(4)


def test_a_declared_end_ends_the_site_and_a_future_start_has_no_day():
    ended = judge_site("a", "2024-12-10", "2024-12-12", stored={}, failures=[], rules=RULES)
    assert len(ended.days) == 3
    future = judge_site("a", "2025-01-01", None, stored={}, failures=[], rules=RULES)
    assert (future.days, future.due, future.newest) == ((), 0, None)


def test_the_rate_counts_first_copies_of_the_last_hour():
    start = date(2024, 12, 1)
    items = {start + timedelta(days=n): stored(uploaded=NOON - timedelta(minutes=10 * n)) for n in range(9)}
    items[date(2024, 12, 10)] = stored(revision=2)
    items[date(2024, 12, 11)] = stored(checked_at="x")
    rate = judge_site("a", "2024-12-01", None, stored=items, failures=[], rules=RULES).rate
    assert (rate.copied, rate.horizon) == (6, timedelta(minutes=50))
    assert rate.estimate_end(12, NOON) == NOON + timedelta(minutes=100)
    assert rate.estimate_end(0, NOON) is None
    idle = judge_site("a", "2024-12-01", None, stored={}, failures=[], rules=RULES).rate
    assert (idle.days_per_hour, idle.estimate_end(3, NOON)) == (0, None)
