"""The sample of a run rotates: it depends on the date alone, and every day of every site has its turn."""

import itertools
from datetime import UTC, date, datetime, timedelta

import pytest

from checks.stored_days.selection import format_places, select_sample
from contract.schedule import SiteDay

NOW = datetime(2024, 12, 20, 12, tzinfo=UTC)
FIRST = date(2015, 1, 1)


def stored(**counts):
    return {site: [FIRST + timedelta(days=number) for number in range(count)] for site, count in counts.items()}


def select(sites, now=NOW, **options):
    places = [SiteDay(site, day) for site, days in sites.items() for day in days]
    return select_sample(list(sites), places, now, **options)


def run_daily(sites, *, size, days, grow=0):
    """Return the runs that read each place, while each site grows by ``grow`` days a run."""
    found, samples = {}, []
    for run in range(days):
        known = {
            site: [*all_, *(all_[-1] + timedelta(days=n) for n in range(1, grow * run + 1))]
            for site, all_ in sites.items()
        }
        sample = select(known, NOW + timedelta(days=run), size=size)
        samples.append(sample)
        for place in sample.places:
            found.setdefault(place, []).append(run)
    return found, samples


@pytest.mark.parametrize("counts", [{"a": 300}, {"a": 40, "b": 120, "c": 3}, {f"s{n:02}": 31 for n in range(20)}])
def test_every_day_of_every_site_is_read_within_the_stated_runs(counts):
    sites = stored(**counts)
    total = sum(counts.values())
    runs = select(sites, NOW, size=16).runs
    found, samples = run_daily(sites, size=16, days=runs)
    assert set(found) == {(site, day) for site, days in sites.items() for day in days}
    assert total / 16 <= runs < 2 * total / 16
    assert max(len(sample.places) for sample in samples) <= 16 + len(sites)
    assert all(sample.places for sample in samples)


def test_sites_take_turns_evenly():
    _, samples = run_daily(stored(**{f"s{n:02}": 31 for n in range(20)}), size=4, days=256)
    assert {len(sample.places) for sample in samples} <= {1, 2, 3, 4}
    assert all(len({site for site, _ in sample.places}) == len(sample.places) for sample in samples)


def test_a_growing_number_of_days_delays_no_day():
    """The period doubles meanwhile, and no day waits longer than the new period."""
    found, samples = run_daily(stored(a=60, b=50), size=8, days=200, grow=1)
    assert samples[0].runs < samples[-1].runs == 64
    for (_, day), runs in found.items():
        assert all(later - earlier <= 64 for earlier, later in itertools.pairwise(runs)), day
    first = {(site, FIRST + timedelta(days=n)) for site in "ab" for n in range(50)}
    assert first <= found.keys()


def test_the_choice_depends_on_the_date_alone():
    sites = stored(a=100, b=100)
    assert select(sites, NOW, size=5) == select(dict(reversed(sites.items())), NOW.replace(hour=1), size=5)
    assert select(sites, NOW, size=5).places != select(sites, NOW + timedelta(days=1), size=5).places


def test_all_days_of_a_small_or_thorough_run():
    sites = stored(a=3, b=2)
    assert select(sites, NOW, size=5).describe() == "all 5 stored days"
    assert len(select(stored(a=500), NOW, size=5, thorough=True).places) == 500
    assert select({"a": []}, NOW, size=5).places == ()


def test_a_sample_without_a_turn_is_one_day():
    sites = stored(a=3)
    samples = [select(sites, NOW + timedelta(days=number), size=1) for number in range(4)]
    assert [len(sample.places) for sample in samples] == [1, 1, 1, 1]
    assert len({sample.places for sample in samples}) == 3


def test_the_text_of_a_sample():
    sample = select(stored(a=100), NOW, size=4)
    assert (
        sample.describe()
        == "3 of 100 stored days (a 2015-01-26, 2015-02-27, 2015-03-31), every day within 32 daily runs"
    )
    assert sample.describe(1).startswith("1 of 100 stored days (a ")
    assert sample.describe(1).endswith(", because the time was over: 3 were selected")


def test_places_of_many_sites_are_counted():
    assert (
        format_places([SiteDay(f"s{n}", FIRST) for n in range(5)])
        == "s0 2015-01-01; s1 2015-01-01; s2 2015-01-01; 2 more sites"
    )
    assert format_places([SiteDay(f"s{n}", FIRST) for n in range(4)]).endswith("; 1 more site")
