"""A volume has the same samples each time, for any windows."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fakes.volume import ODD_VALUES, Volume

DAY = datetime(2024, 12, 10, tzinfo=UTC).replace(tzinfo=None)
MINUTE = timedelta(minutes=1)


def test_one_sample_a_point_and_interval_sorted() -> None:
    source = Volume(site="s", count=7)
    samples = source.samples(DAY, DAY + 15 * MINUTE)
    assert [(sample.time, sample.name) for sample in samples] == [
        (DAY + minutes * MINUTE, point) for minutes in (0, 5, 10) for point in source.points
    ]
    assert source.points[3] == "ses/s/volume/VAV-000003.DaTemp"
    assert all(re.fullmatch(r"\d\d\.\d", sample.value) for sample in samples)


def test_the_same_seed_gives_the_same_samples_and_another_does_not() -> None:
    first, again, other = (Volume(site="s", count=50, seed=seed).samples(DAY, DAY + 10 * MINUTE) for seed in (1, 1, 2))
    assert first == again
    assert sum(a != b for a, b in zip(first, other, strict=True)) > 90


def test_values_never_change_between_versions() -> None:
    values = [sample.value for sample in Volume(site="s", count=4, seed=3).samples(DAY, DAY + MINUTE)]
    assert values == ["69.7", "79.7", "73.0", "80.3"]


def test_a_point_keeps_its_values_when_others_are_added() -> None:
    few, many = (Volume(site="s", count=count).samples(DAY, DAY + MINUTE) for count in (5, 50))
    assert many[:5] == few


@settings(deadline=None)
@given(
    cuts=st.lists(st.integers(0, 3_600_000), min_size=2, max_size=5),
    interval=st.sampled_from([1, 7, 300]),
    microseconds=st.booleans(),
)
def test_adjacent_windows_have_all_samples(cuts: list[int], interval: int, *, microseconds: bool) -> None:
    source = Volume(site="s", count=2, interval=timedelta(seconds=interval), microseconds=microseconds, odd_every=3)
    times = [DAY + timedelta(milliseconds=cut / 10) for cut in sorted(cuts)]
    pieces = [sample for a, b in itertools.pairwise(times) for sample in source.samples(a, b)]
    assert pieces == source.samples(times[0], times[-1])
    assert pieces == sorted(pieces, key=lambda sample: (sample.time, sample.name))
    assert all(times[0] <= sample.time < times[-1] for sample in pieces)


def test_odd_values_come_about_as_often_as_asked_and_all_of_them() -> None:
    found = Counter(s.value for s in Volume(site="s", count=400, odd_every=10).samples(DAY, DAY + 60 * MINUTE))
    assert set(ODD_VALUES) <= set(found)
    assert 380 < sum(found[value] for value in ODD_VALUES) < 580  # of 4,800
    plain = Volume(site="s", count=400).samples(DAY, DAY + 60 * MINUTE)
    assert not {sample.value for sample in plain} & set(ODD_VALUES)


def test_microseconds_on_most_samples_and_not_on_all() -> None:
    samples = Volume(site="s", count=100, microseconds=True).samples(DAY, DAY + 5 * MINUTE)
    assert len(samples) == 100
    assert 50 < sum(sample.time.microsecond != 0 for sample in samples) < 95
    assert any(sample.time.microsecond % 1000 for sample in samples)


def test_times_before_the_epoch_and_an_empty_window() -> None:
    source = Volume(site="s", count=1)
    old = DAY.replace(year=1950)
    assert len(source.samples(old, old + 15 * MINUTE)) == 3
    assert source.samples(DAY, DAY) == []


def test_an_interval_under_a_second_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one second"):
        Volume(site="s", count=1, interval=timedelta(milliseconds=999))
