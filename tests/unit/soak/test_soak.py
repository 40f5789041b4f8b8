"""A slice of `scripts/bench soak`: random systems, healthy and broken in turn; and the soak itself can tell."""

import tempfile
from pathlib import Path

import pytest

from checks import catalog
from tests.fakes.system import System
from tests.soak import soak
from tests.soak.disturbances import DISTURBANCES
from tests.soak.fault import INCONCLUSIVE, fault
from tests.soak.faults import FAULTS

pytestmark = pytest.mark.untraced  # thousands of runs: other tests tell which lines are tested

RUNS = 60


def judged(name, seed=3):
    system, apply = soak.made(name, seed)
    apply(system)
    tally = soak.Tally()
    with tempfile.TemporaryDirectory() as folder:
        tally.add(name, system, *soak.judged(system, Path(folder)))
    return tally


def test_no_healthy_system_is_accused_no_broken_one_is_passed_and_nobody_is_blamed_wrongly():
    tally = soak.taken(RUNS, seed=20241210)
    assert tally.wrong == {}
    assert (tally.healthy.total(), tally.broken.total()) == (30, 30)
    assert {check for check, outcome in tally.ran if outcome == "pass"} == set(catalog.load())


@pytest.mark.parametrize("name", sorted({**FAULTS, **DISTURBANCES}))
def test_each_fault_is_seen_and_each_disturbance_borne(name):
    tally = judged(name)
    assert tally.wrong == {}
    assert tally.held


def test_every_fault_says_whom_to_blame_and_no_verdict_is_the_exception():
    assert all(item.causes and item.codes for item in FAULTS.values())
    assert sum(INCONCLUSIVE in item.codes for item in FAULTS.values()) == 3
    assert not FAULTS.keys() & DISTURBANCES.keys()


def test_the_same_seed_makes_the_same_systems():
    first, second = System(7), System(7)
    assert (first.objects, first.calendar, first.manifest) == (second.objects, second.calendar, second.manifest)
    assert first.cloudflare.versions == second.cloudflare.versions
    assert System(8).key != first.key


def test_the_same_seed_comes_to_the_same_counts():
    one, other = (soak.taken(20, seed=5) for _ in range(2))
    assert (one.healthy, one.broken, one.ran) == (other.healthy, other.broken, other.ran)


def test_systems_are_of_every_kind():
    systems = [System(seed) for seed in range(200)]
    assert {bool(system.manifest["siblings"]["query_url"]) for system in systems} == {True, False}
    assert {bool(system.manifest["siblings"]["etl_worker"]) for system in systems} == {True, False}
    assert {system.manifest["ace"]["end_date"] is None for system in systems} == {True, False}
    hours = {system.calendar.begins.hour for system in systems}
    assert {0, 23} < hours
    crossing = [system for system in systems if system.calendar.due(0.0) != system.calendar.due(40.0)]
    assert len(crossing) > 10


# ---- the soak can tell


def counted(monkeypatch, capsys, name, item):
    monkeypatch.setattr(soak, "FAULTS", {name: item})
    monkeypatch.setattr(soak, "DISTURBANCES", {"nothing": lambda system: None})
    held = soak.soak(2, 1)
    return held, capsys.readouterr().out


def test_a_fault_that_breaks_nothing_is_a_false_green(monkeypatch, capsys):
    held, said = counted(monkeypatch, capsys, "nothing wrong", fault(lambda system: None, "worker"))
    assert not held
    assert "broken  1, false greens 1 (a promise broken 0, no verdict 0, of which wrong 0)" in said


def test_a_blame_that_is_not_the_fault_s_is_counted(monkeypatch, capsys):
    unhealthy = FAULTS["the worker is unhealthy"]
    held, said = counted(monkeypatch, capsys, "unhealthy", fault(unhealthy.apply, "ace"))
    assert not held
    assert "wrong causes 1" in said
    assert "blamed configuration: unhealthy" in said


def test_no_verdict_is_no_false_green_and_wrong_unless_it_is_allowed(monkeypatch, capsys):
    blind = FAULTS["the tail shows nothing"]
    held, said = counted(monkeypatch, capsys, "blind", fault(blind.apply, "cloudflare"))
    assert not held
    assert "broken  1, false greens 0 (a promise broken 0, no verdict 1, of which wrong 1)" in said
    held, said = counted(monkeypatch, capsys, "blind", blind)
    assert held
    assert "(a promise broken 0, no verdict 1, of which wrong 0)" in said


def test_a_verdict_where_nobody_can_know_is_wrong(monkeypatch, capsys):
    unhealthy = FAULTS["the worker is unhealthy"]
    held, said = counted(monkeypatch, capsys, "x", fault(unhealthy.apply, "configuration", codes=(INCONCLUSIVE,)))
    assert not held
    assert "a verdict: x" in said


def test_a_healthy_system_that_fails_is_a_false_alarm(monkeypatch, capsys):
    monkeypatch.setattr(System, "_reply", lambda self, request: soak.response(404, b""))
    assert soak.soak(1, 1) is False
    assert "healthy 1, false alarms 1" in capsys.readouterr().out
