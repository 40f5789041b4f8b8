"""The size of a listed object agrees with its metadata, or is at least possible."""

import gzip
import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.stored_days.content.object_size import compute_min_size, find_size_problem
from checks.stored_days.selection import select_smallest_day
from cloudflare_client.answers import StoredObject
from contract.day_object import format_lengths, parse_lengths
from tests.fakes.days import date_of, key_of, lines, stored, stored_in_members
from tests.fakes.healthy_system import healthy_system
from tests.fakes.manifest import manifest_data
from tests.fakes.outcomes import failed_finding

ITEM = StoredObject(
    key="k", size=100, metadata={}, content_encoding="", uploaded=datetime(2024, 12, 20, tzinfo=UTC)
)  # fmt: skip


@pytest.mark.parametrize(
    ("metadata", "is_whole"),
    [
        ({"bytes": "100"}, True),
        ({"bytes": "101"}, False),
        ({"bytes": ""}, False),
        ({"samples": "1280"}, True),
        ({"samples": "1296"}, False),
        ({"samples": "0"}, True),
        ({"samples": "many"}, True),
        ({}, True),
    ],
)
def test_sizes(metadata, is_whole):
    """Case T6: 100 bytes hold at most 1,280 samples, each of them twice."""
    assert (find_size_problem(replace(ITEM, metadata=metadata)) is None) is is_whole


@given(st.integers(1, 400), st.integers(1, 4), st.integers(1, 1000), st.sampled_from([1, 6, 9]))
def test_no_valid_object_is_smaller_than_the_smallest_size(count, points, step, level):
    """Case T6: never a false alarm, also for the most regular days."""
    rows = [
        {"point_name": f"p{number % points}", "timestamp": 1733788800000 + step * (number // points), "value": 1}
        for number in range(count)
    ]
    content = "".join(json.dumps(row, separators=(",", ":")) + "\n" for row in rows).encode()
    assert compute_min_size(str(count)) <= len(gzip.compress(content, level))


def test_one_truncated_object_of_many_is_found_without_reading_it(tmp_path):
    """Case T6: the day is none of those that are decoded."""
    system = healthy_system(stored=10, total=10, manifest=manifest_data(last=date_of(9)))
    for number in range(1, 9):
        whole = stored(date_of(number), lines(date_of(number), 500))
        system.objects[key_of(date_of(number))] = replace(whole, body=whole.body[:100])
        found = failed_finding(tmp_path, system, "r2", skip=("trigger",))
        assert (found["subject"], found["cause"]) == (key_of(date_of(number)), "storage")
        assert found["expected"] == f"{len(whole.body)} bytes, as in its metadata"
        assert found["found"].startswith(
            "100 bytes, so it was changed after it was written; written by the live version"
        )
        system.write(date_of(number))


def shorten_a_member(day):
    """Return the metadata of a day with one length of a member less by one."""
    lengths = list(parse_lengths(day.custom["members"]))
    lengths[lengths.index(max(lengths))] -= 1
    return day.custom | {"members": format_lengths(lengths)}


@pytest.mark.parametrize(("change", "expected"), [
    (lambda day: replace(day, custom=shorten_a_member(day)), "bytes, as in its metadata members"),
    (lambda day: replace(day, body=day.body[:100]), "bytes, as in its metadata members"),
    (lambda day: replace(day, custom=day.custom | {"members": "1,2"}), "64 lengths in base 36 as metadata members"),
    (lambda day: replace(day, custom=day.custom | {"format": "3"}), "metadata format 2, or none"),
])  # fmt: skip
def test_wrong_lengths_of_members_are_found_in_the_list(tmp_path, change, expected):
    """Case T6 in format 2: the day is none of those that are decoded."""
    system = healthy_system(stored=10, total=10, manifest=manifest_data(last=date_of(9)))
    for number in range(10):
        system.objects[key_of(date_of(number))] = stored_in_members(date_of(number))
    assert system.report(tmp_path, "r2", skip=("trigger",))[0] == 0
    system.asked.clear()
    key = key_of(date_of(5))
    system.objects[key] = change(system.objects[key])
    found = failed_finding(tmp_path, system, "r2", skip=("trigger",))
    assert (found["subject"], found["cause"]) == (key, "storage")
    assert found["expected"].endswith(expected)
    assert not [asked for asked in system.asked if asked.endswith(key)]


def test_a_truncated_object_of_an_older_version_is_decoded(tmp_path):
    """Case T6: an object without `bytes` that is far smaller than the others is read in addition."""
    system = healthy_system(stored=10, total=10, manifest=manifest_data(last=date_of(9)))
    for number in range(10):
        system.write(date_of(number), lines(date_of(number), 500), bytes=None)
    assert system.report(tmp_path, "r2")[0] == 0
    for number in range(10):
        key = key_of(date_of(number))
        whole = system.objects[key]
        system.objects[key] = replace(whole, body=whole.body[:100])
        assert failed_finding(tmp_path, system, "r2")["subject"] == key
        system.objects[key] = whole


def test_the_smallest_day_is_one_with_less_than_half_of_the_usual_bytes_per_sample():
    def item(size, samples):
        return replace(ITEM, size=size, metadata={"samples": samples})

    days = {date_of(n): item(1000 + n, "100") for n in range(5)}
    assert select_smallest_day(days) is None
    assert select_smallest_day(days | {"small": item(490, "100")}) == "small"
    assert select_smallest_day(days | {"few": item(490, "40"), "none": item(20, "0"), "odd": item(1, "x")}) is None
    assert select_smallest_day({}) is None
