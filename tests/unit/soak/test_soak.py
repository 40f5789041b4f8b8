"""A part of `scripts/bench soak`: random systems, healthy and broken in turn. Wrong reports are counted."""

import tempfile
from pathlib import Path

import pytest

from checks import catalog
from tests.fakes import days
from tests.fakes.answers import response
from tests.fakes.manifest import BUCKET
from tests.fakes.random_system import RandomSystem
from tests.soak import soak
from tests.soak.commands import UnknownCommandError, find_lost_samples
from tests.soak.disturbances import DISTURBANCES
from tests.soak.fault import INCONCLUSIVE, fault
from tests.soak.faults import FAULTS

pytestmark = pytest.mark.untraced  # thousands of runs: other tests tell which lines are tested

RUNS = 20
SEED = 18  # of a small system with three sites


def tally_of(name):
    system = soak.make_system(name, SEED)
    tally = soak.Tally()
    with tempfile.TemporaryDirectory() as folder:
        tally.add(name, system, *soak.run_checks(system, Path(folder)))
    return tally


def test_no_healthy_system_fails_a_check_and_no_broken_one_passes_or_names_a_wrong_cause():
    tally = soak.run_systems(RUNS, seed=20241210)
    assert tally.wrong == {}
    assert (tally.healthy.total(), tally.broken.total()) == (RUNS / 2, RUNS / 2)
    assert {check for check, outcome in tally.ran if outcome == "pass"} == set(catalog.load()) - {"access"}


@pytest.mark.parametrize("name", sorted({**FAULTS, **DISTURBANCES}))
def test_each_fault_fails_a_check_and_each_disturbance_none(name):
    """Cases A5 and A6 among them: rows in another order, and a row that ACE sends twice, are accepted."""
    tally = tally_of(name)
    assert tally.wrong == {}
    assert tally.held


def test_every_fault_has_causes_and_few_are_inconclusive():
    assert all(item.causes and item.codes for item in FAULTS.values())
    assert sum(INCONCLUSIVE in item.codes for item in FAULTS.values()) == 3
    assert not FAULTS.keys() & DISTURBANCES.keys()


def test_the_same_seed_makes_the_same_systems_at_any_time(monkeypatch):
    first = RandomSystem(7)
    monkeypatch.setattr("time.time", lambda: 4_000_000_000.0)
    second = RandomSystem(7)
    assert (first.objects, first.calendar, first.manifest) == (second.objects, second.calendar, second.manifest)
    assert first.script.versions == second.script.versions
    assert RandomSystem(8).key != first.key


def test_the_same_seed_gives_the_same_counts():
    one, other = (soak.run_systems(3, seed=5) for _ in range(2))
    assert (one.healthy, one.broken, one.ran) == (other.healthy, other.broken, other.ran)


def test_every_kind_of_system_is_drawn():
    systems = [RandomSystem(seed) for seed in range(80)]
    assert {bool(system.manifest["siblings"]["query_url"]) for system in systems} == {True, False}
    assert {bool(system.manifest["siblings"]["etl_worker"]) for system in systems} == {True, False}
    assert {system.manifest["sites"][0]["end_date"] is None for system in systems} == {True, False}
    assert {len(system.manifest["sites"]) for system in systems} == {1, 2, 3, 4}
    ranges = [[system.worker.due(site) for site in system.worker.sites] for system in systems]
    assert any([] in each for each in ranges), "a site that begins later"
    assert any(due and due[-1] < each[0][-1] for each in ranges for due in each), "a site that ended earlier"
    assert all(len(RandomSystem(seed, many=True).worker.sites) > 1 for seed in range(5))
    hours = {system.calendar.begins.hour for system in systems}
    assert {0, 23} < hours
    crossing = [system for system in systems if system.calendar.due(0.0) != system.calendar.due(40.0)]
    assert len(crossing) > 10


# ---- wrong reports are counted


def count(monkeypatch, capsys, name, item):
    monkeypatch.setattr(soak, "FAULTS", {name: item})
    monkeypatch.setattr(soak, "DISTURBANCES", {"nothing": lambda system: None})
    held = soak.soak(2, 1)
    return held, capsys.readouterr().out


def test_a_fault_that_breaks_nothing_is_a_false_green(monkeypatch, capsys):
    held, said = count(monkeypatch, capsys, "nothing wrong", fault(lambda system: None, "worker"))
    assert not held
    assert "broken  1, false greens 1 (failed 0, inconclusive 0, of which wrong 0)" in said


def test_a_cause_that_is_not_one_of_the_fault_is_counted(monkeypatch, capsys):
    unhealthy = FAULTS["the worker is unhealthy"]
    held, said = count(monkeypatch, capsys, "unhealthy", fault(unhealthy.apply, "ace"))
    assert not held
    assert "wrong causes 1" in said
    assert "wrong cause configuration: unhealthy" in said


def test_an_inconclusive_run_is_wrong_unless_the_fault_allows_it(monkeypatch, capsys):
    blind = FAULTS["the tail shows nothing"]
    held, said = count(monkeypatch, capsys, "blind", fault(blind.apply, "cloudflare"))
    assert not held
    assert "broken  1, false greens 0 (failed 0, inconclusive 1, of which wrong 1)" in said
    held, said = count(monkeypatch, capsys, "blind", blind)
    assert held
    assert "(failed 0, inconclusive 1, of which wrong 0)" in said


def test_a_failure_is_wrong_where_only_an_inconclusive_run_is_allowed(monkeypatch, capsys):
    unhealthy = FAULTS["the worker is unhealthy"]
    held, said = count(monkeypatch, capsys, "x", fault(unhealthy.apply, "configuration", codes=(INCONCLUSIVE,)))
    assert not held
    assert "a failure: x" in said


def test_a_healthy_system_that_fails_is_a_false_alarm(monkeypatch, capsys):
    monkeypatch.setattr(RandomSystem, "reply", lambda self, request: response(404, b""))
    assert soak.soak(1, 1) is False
    assert "healthy 1, false alarms 1" in capsys.readouterr().out


# ---- printed commands are executed on a copy


def make_day_that_only_the_bucket_has():
    system = RandomSystem(5)
    system.store_first_day()
    system.ace.days[days.date_of(0)] = []
    return system


def test_a_command_that_deletes_the_only_copy_of_a_day_is_counted(tmp_path):
    """Case D1: ACE does not have the day any more."""
    command = f"npx wrangler r2 object delete {BUCKET}/{days.key_of(days.date_of(0))} --remote"
    lost = find_lost_samples(make_day_that_only_the_bucket_has, [command], tmp_path)
    assert lost == [f"{command} loses samples of {days.key_of(days.date_of(0))}"]


def test_a_command_that_shows_or_deploys_loses_nothing(tmp_path):
    commands = ["npx wrangler tail w", "pulumi up --stack prod", "python -m checks run config --stack prod"]
    assert find_lost_samples(make_day_that_only_the_bucket_has, commands, tmp_path) == []


def test_a_command_that_the_soak_does_not_know_is_an_error(tmp_path):
    with pytest.raises(UnknownCommandError, match="rm -rf /"):
        find_lost_samples(make_day_that_only_the_bucket_has, ["sleep 1 && rm -rf /"], tmp_path)
