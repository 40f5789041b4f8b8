"""The formula of docs/scale.md: requests, time, storage and cost of a backfill."""

import pytest

from backfill.estimate import DAY_SECONDS, EMPTY_BYTES, Month, Work, add_seconds


def work(**changes):
    return Work(**{"days": 1826, "samples": 500_000, "page_size": 10_000, "parallelism": 4, **changes})


def test_the_requests_are_the_pages_of_all_days():
    assert work().requests == 1826 * 50
    assert work(samples=500_001).requests == 1826 * 51
    assert work(samples=0).requests == 1826, "an empty day is one request"
    assert work(days=0).requests == 0


def test_the_time_is_that_of_the_pages_side_by_side():
    assert work(days=8).seconds == 2 * (50 + DAY_SECONDS)
    assert work(days=1).seconds == 50 + DAY_SECONDS, "one day is not copied by several consumers"
    assert work(days=8, page_seconds=0.2).seconds == 2 * (10 + DAY_SECONDS)
    assert add_seconds([work(days=8), work(days=4, samples=0)]) == 2 * (50 + DAY_SECONDS) + 1 + DAY_SECONDS
    assert work(days=0).seconds == 0


def test_small_days_wait_for_the_planner():
    small = work(days=182_600, samples=1_000, parallelism=50)
    assert small.seconds == (366 - 1) * 300
    assert work(days=500, samples=1_000, parallelism=50).seconds == 10 * 1.5, "one run of the planner is enough"


def test_the_size_is_that_of_the_samples():
    assert work().bytes == pytest.approx(5.84e9, rel=0.01)
    assert work(samples=0).bytes == 1826 * EMPTY_BYTES


def test_a_month_costs_the_plan_and_the_amounts_beyond_it():
    small = Month(sites=1, days=365, stored_bytes=1e9, samples=10_000)
    assert small.usd == 5.0
    large = Month(sites=100, days=182_600, stored_bytes=685e9, samples=500_000)
    assert large.usage["class_a"] == pytest.approx(8760 * 203 + 4 * 6083, rel=0.01)
    assert large.usd == pytest.approx(5 + 675 * 0.015 + 0.80 * 4.50, rel=0.02)
    assert Month(sites=1, days=1, stored_bytes=20e9, samples=1).usd == pytest.approx(5.15)
    once = Month(sites=100, days=182_600, stored_bytes=0, samples=500_000, rechecks=False)
    assert large.copies == 2 * once.copies
