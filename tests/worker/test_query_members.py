"""The bundled query worker in workerd reads days in format 2 member by member, and finds the objects that do not fit."""

from __future__ import annotations

import gzip
import json
import random
import tempfile
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from contract.day_object import MEMBERS, find_member, format_lengths, parse_lengths

from .query_world import BINDINGS, DAY, DAYS, FLAT, ODD, SITE, TWIN, A, B, Samples, World, key_of, ms, written
from .query_world import OTHER as OTHER_SITE

CROWD = [f"ses/ses_falls_city/AHU-{number % 3}/VAV-{number}.DaTemp" for number in range(150)]
VALUES = (20.5, -1e-7, 0, "on", "", True, None)
MONTH = [(date(2024, 12, 10) + timedelta(days=number)).isoformat() for number in range(14)]
PROBES = {
    "counted": {"whole": True},
    "paged": {"whole": True, "page": 3},
    "narrow": {"whole": True, "limits": {"aheadBytes": 1}, "bucket": "paged"},
    "revised": {"whole": True, "revise": ["second"]},
    "never-still": {"revise": ["second", "third", "fourth"]},
    "removed": {"remove": True},
    "cut": {"body": "cut"},
    "too-large": {"limits": {"rangeBytes": 100}},
}


def crowded(day: str, hours: int = 3) -> Samples:
    """Return samples of many points with every kind of value, in the order of time."""
    source = random.Random(day)  # noqa: S311 - made-up measurements
    return [(name, ms(day, hour), source.choice(VALUES)) for hour in range(hours) for name in [*CROWD, A, B, TWIN, ODD]]


def selected(rows: Samples, *names: str) -> list[dict[str, Any]]:
    return [row for row in written(rows) if {row["point_name"], row["point_name"].rpartition("/")[2]} & {*names}]


def by_point(rows: list[dict[str, Any]]) -> list[str]:
    return sorted(json.dumps(row) for row in rows)


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with tempfile.TemporaryDirectory(prefix="bv-query-") as folder:
        world = World(Path(folder), PROBES, flat={**BINDINGS, "KEY_TEMPLATE": FLAT})
        try:
            for name in ("main", "counted"):
                world.store_members(name, DAYS[0], crowded(DAYS[0]))
            world.store("other", DAYS[0], crowded(DAYS[0]))
            for day in MONTH:
                world.store_members("paged", day, [(A, ms(day), 1), (B, ms(day), 2)])
            yield world
        finally:
            world.stop()


@pytest.mark.parametrize(
    "names",
    [[A], ["VAV-707.DaTemp"], [A, B, TWIN], ["none"], [*CROWD[:90], "VAV-708.DaTemp"]],
    ids=["whole-name", "last-segment", "some", "none", "many"],
)
def test_a_day_in_members_gives_the_rows_of_the_same_day_in_format_1(world: World, names: list[str]) -> None:
    found = world.whole(point_names=",".join(names))
    other = world.whole("other", point_names=",".join(names))
    assert by_point(found["samples"]) == by_point(other["samples"]) == by_point(selected(crowded(DAYS[0]), *names))
    times = [row["timestamp"] for row in found["samples"]]
    assert times == sorted(times)
    assert {**found, "samples": []} == {**other, "samples": []}


def test_unmatched_names_are_listed_in_the_order_of_the_request(world: World) -> None:
    body = world.whole(point_names=f"z,{A},a,VAV-708.DaTemp,{A.upper()}")
    assert body["unmatched"] == ["z", "a", A.upper()]
    assert world.whole(point_names=A, start_time=ms(DAYS[0], 4))["unmatched"] == [A]  # it has no sample in the range


def test_one_point_is_one_range_request_for_its_member(world: World) -> None:
    stored = world.store_members("counted", DAYS[0], crowded(DAYS[0]))
    lengths = parse_lengths(stored.custom["members"])
    assert world.calls() == {"list": 1, "get": 1, "open": 0, "most": 1, "read": lengths[find_member(A)]}
    assert world.calls(point_names="none")["get"] == 1
    many = world.calls(point_names=",".join(CROWD[:100]))  # members that are close are read together
    assert (many["get"], many["read"] > 0.9 * len(stored.body)) == (1, True)


def test_members_that_are_far_apart_are_read_by_themselves(world: World) -> None:
    source = random.Random(1)  # noqa: S311 - made-up measurements
    large: Samples = [
        (f"p{number}", ms(DAYS[1], hour), source.randbytes(4_000).hex()) for hour in range(6) for number in range(40)
    ]
    world.store_members("counted", DAYS[1], large)
    names = sorted({f"p{number}" for number in range(40)}, key=find_member)
    for chosen, requests in (
        ([names[0], names[-1]], 2),
        (names[::6], 1),
    ):  # seven requests would be too many for one day
        calls = world.calls(point_names=",".join(chosen), start_time=ms(DAYS[1]), end_time=ms(DAYS[2]))
        assert calls["get"] == requests


def test_days_are_read_six_at_once_and_served_in_their_order(world: World) -> None:
    asked = {"start_time": ms(MONTH[0]), "end_time": ms(MONTH[-1]) + 2 * DAY}
    calls = world.calls("paged", **asked)
    assert (calls["get"], calls["most"], calls["open"]) == (14, 6, 0)
    assert calls["list"] == 5  # a page with metadata may be short: the cursor counts
    body = world.whole("paged", **asked)
    assert [row["timestamp"] for row in body["samples"]] == [ms(day) for day in MONTH]
    assert body["absent_days"] == ["2024-12-24"]
    assert world.calls("narrow", **asked)["most"] == 1  # what is read ahead stays within its bytes
    assert world.whole("narrow", **asked) == body


def test_each_site_has_its_own_days(world: World) -> None:
    world.store_members("main", DAYS[0], [(A, ms(DAYS[0]), "of the other site")], key=key_of(DAYS[0], OTHER_SITE))
    body = world.whole(site_name=OTHER_SITE, end_time=ms(DAYS[2]))
    assert [row["value"] for row in body["samples"]] == ["of the other site"]
    assert (body["site_name"], body["absent_days"]) == (OTHER_SITE, [DAYS[1]])
    assert world.whole()["count"] == 3
    assert world.points(site_name=OTHER_SITE, day=DAYS[0]).json()["points"] == {A: 1}


def test_other_keys_between_the_days_are_not_days(world: World) -> None:
    prefix = FLAT.replace("{site}", SITE).replace("{date}", "")
    for key in ("2024-12-09", "2024-12-10", "2024-12-10.old", "2024-12-1x", "2024-13-45", "b-2024-12-11"):
        world.store_members("flat", "2024-12-10", [(A, ms("2024-12-10"), 1)], key=prefix + key)
    world.store_members("flat", "2024-12-12", [(A, ms("2024-12-12"), 2)], key=f"{prefix}2024-12-12")
    body = world.whole("flat", end_time=ms(DAYS[4]))
    assert body["absent_days"] == [DAYS[1], DAYS[3]]
    assert [row["value"] for row in body["samples"]] == [1, 2]


def test_rows_in_any_order_and_repeated_rows_are_all_served(world: World) -> None:
    """Cases A5 and A6: ACE's rows of one page may be in any order, and repeated."""
    hours = [5, 1, 1, 23, 0]
    rows: Samples = [(name, ms(DAYS[3], hour), number) for number, hour in enumerate(hours) for name in (A, B, TWIN)]
    world.store_members("main", DAYS[3], rows)
    body = world.whole(point_names=f"{A},{B},{TWIN}", start_time=ms(DAYS[3]), end_time=ms(DAYS[4]))
    assert by_point(body["samples"]) == by_point(written(rows))
    alone = world.whole(point_names=A, start_time=ms(DAYS[3]), end_time=ms(DAYS[4]))
    assert [row["value"] for row in alone["samples"]] == [0, 1, 2, 3, 4]  # a point keeps the order of its object


def test_a_revision_after_the_list_is_noticed_and_read(world: World) -> None:
    world.store("revised", DAYS[0], [(A, ms(DAYS[0]), 1)])
    world.store_members("revised", DAYS[0], [(A, ms(DAYS[0]), 2), (B, ms(DAYS[0]), 3)], key="second")
    answer = world.ask("revised")
    assert [row["value"] for row in answer.json()["samples"]] == [2]
    world.store("revised", DAYS[0], [(A, ms(DAYS[0]), 1)])
    assert world.calls("revised")["get"] == 2
    for number, key in enumerate(("first", "second", "third", "fourth")):
        key = key_of(DAYS[0]) if key == "first" else key
        world.store_members("never-still", DAYS[0], [(A, ms(DAYS[0]), number)], key=key)
    answer = world.ask("never-still")
    assert (answer.status_code, answer.json()["error"]["code"]) == (502, "storage")
    assert "2024-12-10 changed during 3 reads" in answer.text


def test_a_day_that_is_removed_after_the_list_is_absent(world: World) -> None:
    world.store_members("removed", DAYS[0], [(A, ms(DAYS[0]), 1)])
    assert world.whole("removed")["absent_days"] == [DAYS[0]]


GOOD: Samples = [(A, ms(DAYS[1]), 1), (B, ms(DAYS[1]), 2)]
AT, OTHER = find_member(A), find_member(B)
FOREIGN = gzip.compress(b'{"point_name":"%s","timestamp":%d,"value":1}\n' % (B.encode(), ms(DAYS[1])))
WHOLE = gzip.compress(b'{"point_name":"%s","timestamp":%d,"value":1}\n' % (A.encode(), ms(DAYS[1])))


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"bytes": "7"}, "bytes, not 7"),
        ({"members": None}, "metadata members that do not fit"),
        ({"members": format_lengths([5] * MEMBERS), "bytes": None}, "metadata members that do not fit"),
        ({"format": "3"}, "the unknown format 3"),
        ({"first": str(ms(DAYS[0]))}, "has samples of another day"),
        ({"last": str(ms(DAYS[2]))}, "has samples of another day"),
        ({"replaced": {AT: FOREIGN}}, f"holds a point of member {OTHER} in {AT}"),
        ({"replaced": {AT: WHOLE[:-1]}}, "cannot be read: TypeError"),
        ({"replaced": {AT: WHOLE + WHOLE}}, "cannot be read: TypeError: Trailing bytes"),
        ({"replaced": {AT: WHOLE[:-8] + bytes(8)}}, "cannot be read: TypeError"),
        ({"replaced": {AT: gzip.compress(b"no sample\n")}}, "holds a line that is not a sample"),
    ],
    ids=[
        "size",
        "no-lengths",
        "lengths",
        "format",
        "first",
        "last",
        "foreign-point",
        "cut",
        "two-members",
        "checksum",
        "no-sample",
    ],
)
def test_an_object_that_does_not_fit_its_metadata_is_an_error(world: World, changes: Any, reason: str) -> None:
    world.store_members("other", DAYS[1], GOOD, **changes)
    answer = world.ask("other", start_time=ms(DAYS[1]), end_time=ms(DAYS[2]))
    assert (answer.status_code, answer.json()["error"]["code"]) == (502, "storage"), answer.text
    assert reason in answer.json()["error"]["message"]


def test_a_day_that_is_read_completely_has_the_samples_of_its_metadata(world: World) -> None:
    asked = {"start_time": ms(DAYS[1]), "end_time": ms(DAYS[2])}
    world.store_members("other", DAYS[1], GOOD, samples="3")
    assert world.whole("other", **asked)["count"] == 1  # only one member is read
    assert "holds 2 samples, not 3" in world.broken("other", point_names=f"{A},{B}", **asked)


@pytest.mark.parametrize(("worker", "reason"), [("cut", "R2 returned "), ("too-large", "more than 100 bytes")])
def test_ranges_that_are_short_or_too_large_are_an_error(world: World, worker: str, reason: str) -> None:
    world.store_members(worker, DAYS[0], crowded(DAYS[0]), key=key_of(DAYS[0]))
    answer = world.ask(worker, point_names=",".join(CROWD[:100]))
    assert (answer.status_code, answer.json()["error"]["code"]) == (502, "storage")
    assert reason in answer.json()["error"]["message"]


@pytest.mark.parametrize("worker", ["main", "other"])
def test_the_points_of_a_day_are_listed_with_their_samples(world: World, worker: str) -> None:
    answer = world.points(worker, day=DAYS[0])
    assert (answer.status_code, answer.headers["X-Data-Source"], answer.headers["X-Query-Strategy"]) == (
        200,
        "R2",
        "R2_ONLY",
    )
    assert answer.headers["Access-Control-Expose-Headers"] == "X-Data-Source, X-Query-Strategy"
    body = answer.json()
    assert body == {
        "site_name": SITE, "day": DAYS[0], "count": 154 * 3, "points": dict.fromkeys([*CROWD, A, B, TWIN, ODD], 3),
        "absent_days": [],
    }  # fmt: skip
    assert list(body["points"]) == sorted(body["points"])


def test_an_empty_day_has_no_points_and_an_absent_day_is_named(world: World) -> None:
    world.store_members("other", DAYS[2], [])
    empty = world.points("other", day=DAYS[2]).json()
    assert (empty["points"], empty["count"], empty["absent_days"]) == ({}, 0, [])
    assert world.whole("other", start_time=ms(DAYS[2]), end_time=ms(DAYS[3]))["absent_days"] == []
    assert world.points("other", day=DAYS[3]).json()["absent_days"] == [DAYS[3]]


@pytest.mark.parametrize(("name", "value"), [("samples", "3"), ("points", "3")])
def test_the_points_of_a_damaged_day_are_an_error(world: World, name: str, value: str) -> None:
    world.store_members("other", DAYS[1], GOOD, **{name: value})
    answer = world.points("other", day=DAYS[1])
    assert (answer.status_code, answer.json()["error"]["code"]) == (502, "storage")
    assert f"holds 2 {name}, not 3" in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    ("params", "reasons"),
    [
        ({"day": "2024-02-30"}, {"day": "is not a date as YYYY-MM-DD"}),
        ({"day": "1733788800000"}, {"day": "is not a date as YYYY-MM-DD"}),
        ({"site_name": "elsewhere", "day": DAYS[0]}, {"site_name": "is a site that this worker does not serve"}),
        ({}, {"day": "is missing"}),
        ({"day": DAYS[0], "date": "x"}, {"date": "is unknown (expected site_name, day)"}),
    ],
)
def test_an_invalid_parameter_of_the_points_is_refused(world: World, params: Any, reasons: Any) -> None:
    answer = world.points(**params)
    assert (answer.status_code, answer.json()["error"]["parameters"]) == (400, reasons)
