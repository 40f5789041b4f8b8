"""A slice of `scripts/bench soak`: random systems, healthy and broken in turn; and the soak itself can tell."""

import pytest

from bench import soak
from bench.fake import faults
from bench.fake.system import System

RUNS = 60


def test_no_healthy_system_is_accused_and_no_broken_one_is_passed():
    tally = soak.judged(RUNS, seed=20241210)
    assert tally.wrong == []
    assert (tally.healthy.total(), tally.broken.total()) == (30, 30)
    assert (tally.false_alarms, tally.false_greens) == (0, 0)


def test_the_same_seed_makes_the_same_systems():
    first, second = System(7), System(7)
    assert first.objects == second.objects
    assert first.cloudflare.versions == second.cloudflare.versions
    assert System(8).declared_key != first.declared_key


@pytest.mark.parametrize("name", sorted(faults.FAULTS))
def test_each_fault_is_seen(name, monkeypatch):
    monkeypatch.setattr(soak, "FAULTS", {name: faults.FAULTS[name]})
    tally = soak.judged(2, seed=3)
    assert tally.wrong == []
    assert tally.false_greens == 0


def test_a_fault_that_breaks_nothing_is_a_false_green(monkeypatch, capsys):
    monkeypatch.setattr(soak, "FAULTS", {"nothing": lambda system: None})
    assert soak.soak(2, 1) is False
    assert "broken  1, false greens 1" in capsys.readouterr().out


def test_a_healthy_system_that_fails_is_a_false_alarm(monkeypatch, capsys):
    monkeypatch.setattr(System, "_reply", lambda self, request: soak.httpx.Response(404))
    assert soak.soak(1, 1) is False
    assert "healthy 1, false alarms 1" in capsys.readouterr().out
