"""Failures that hold all days of a site, or of all sites, as the planner does."""

from datetime import UTC, date, datetime, timedelta

import pytest

from checks.diagnosis.backfill.held_sites import find_held_sites
from contract.control_objects import Failure
from contract.schedule import SiteDay

NOW = datetime(2024, 12, 20, 12, tzinfo=UTC)
SITES = ("a", "b")
DAY = date(2024, 12, 10)


def failure(code, minutes, site="a"):
    at = NOW - timedelta(minutes=minutes)
    return Failure(site=site, day=DAY, code=code, attempts=1, first_at=at, last_at=at)


def held(*failures, **stored):
    """Return the held sites. ``stored`` has the age in minutes of a site's last upload."""
    uploads = {SiteDay(site, DAY): NOW - timedelta(minutes=minutes) for site, minutes in stored.items()}
    return find_held_sites(SITES, failures, uploads, NOW)


@pytest.mark.parametrize(
    ("code", "sites"),
    [
        ("upstream_auth", {"a", "b"}),
        ("upstream_unavailable", {"a", "b"}),
        ("upstream_rejected", {"a"}),
        ("upstream_contract", set()),
        ("storage", set()),
        ("killed", set()),
    ],
)
def test_a_refused_key_and_an_outage_hold_all_sites_and_a_refused_site_holds_its_own_days(code, sites):
    assert held(failure(code, 30)) == sites


def test_a_later_stored_day_ends_an_outage_and_the_hold_of_its_site():
    assert held(failure("upstream_auth", 30), b=10) == set()
    assert held(failure("upstream_unavailable", 30), b=10) == {"a"}
    assert held(failure("upstream_rejected", 30), a=10, b=10) == set()
    assert held(failure("upstream_rejected", 30), a=40, b=10) == {"a"}


def test_a_planner_that_does_not_try_again_holds_nothing():
    assert held(failure("upstream_auth", 121)) == set()
    assert held(failure("upstream_rejected", 25 * 60 - 1)) == {"a"}
    assert held(failure("upstream_rejected", 25 * 60 + 1)) == set()


def test_the_newest_failure_of_a_site_decides():
    assert held(failure("upstream_rejected", 30), failure("upstream_contract", 20)) == set()
    assert held(failure("upstream_contract", 30), failure("upstream_rejected", 20)) == {"a"}
    assert held(failure("upstream_auth", 30), failure("upstream_rejected", 20, "b")) == {"b"}
