"""The choice of the days and of the site that the check `query` asks for."""

from datetime import UTC, date, datetime, timedelta

from checks.stored_days.comparison.query_days import choose_days, choose_site
from cloudflare_client.answers import StoredObject

NOW = datetime(2024, 12, 19, 12, tzinfo=UTC)


def stored(*formats, step=1):
    """Return days with objects of these formats."""
    return {
        date(2024, 12, 1) + timedelta(days=step * number): StoredObject(
            key="k", size=1, content_encoding="", uploaded=NOW, metadata={} if name == "1" else {"format": name}
        )
        for number, name in enumerate(formats)
    }


def choose(days, turns, sites=1):
    return [tuple(day.day for day in choose_days(days, NOW + timedelta(days=turn), sites)) for turn in range(turns)]


def test_all_pairs_of_neighbours_have_a_turn():
    assert sorted(choose(stored("1", "1", "1", "1"), 3)) == [(1, 2), (2, 3), (3, 4)]


def test_every_second_turn_has_both_formats():
    chosen = choose(stored("2", "1", "1", "2"), 12)
    assert {*chosen[1::2]} == {(1, 2), (3, 4)}
    assert {*chosen[0::2]} == {(1, 2), (2, 3), (3, 4)}


def test_a_single_day_and_days_far_apart_are_asked_for_by_themselves():
    assert choose(stored("1"), 1) == [(1,)]
    assert {*choose(stored("1", "2", step=31), 2)} == {(1,)}  # 1 December and 1 January


def test_the_sites_take_turns_and_each_site_has_other_days_at_each_turn():
    sites = [choose_site(["a", "b", "c"], NOW + timedelta(days=turn)) for turn in range(6)]
    assert {*sites[:3]} == {"a", "b", "c"}
    assert sites[:3] == sites[3:]
    chosen = choose(stored("1", "1", "1", "1"), 9, sites=3)
    assert {*chosen[0::3]} == {(1, 2), (2, 3), (3, 4)}
