"""`r2`, beyond what test_catalog holds: what a damaged object looks like, days that are empty, and all days."""

import gzip
import json

import httpx
import pytest

from tests.unit.checks.test_catalog import broken, unjudged
from tests.unit.checks.world import API_TOKEN, KEY, World, answer, lines, stored

DAY = "2024-12-10"
GOOD = lines(DAY)


def with_object(raw=None, rows=None, **metadata):
    world = World()
    world.write(DAY, rows, raw=raw, **metadata)
    return world


@pytest.mark.parametrize(
    ("world", "expected", "actual"),
    [
        (with_object(stored(DAY)[0][:-6]), "a whole gzip file", "one cut off after"),
        (with_object(gzip.compress(stored(DAY)[0])), "NDJSON, compressed once", "it is compressed twice"),
        (with_object(gzip.compress(json.dumps(GOOD[0]).encode() + b'\n{"point_na')), "JSON in line 2", "something else"),
        (with_object(rows=lines("2024-12-11")), "a timestamp of that day", "1733875200000"),
        (with_object(rows=[GOOD[1], GOOD[0]]), "no timestamp before the one above", "1733788800000"),
        (with_object(rows=[GOOD[0], GOOD[0]]), "one line of ses/p0 at 1733788800000", "it again in line 2"),
        (with_object(rows=[GOOD[0] | {"point_name": "ses/ses_other/x/y"}]), "points of site ses_falls_city", "ses/ses_other"),
        (with_object(source="2024-12-11T00:00:00Z/2024-12-12T00:00:00Z"), "metadata source 2024-12-10", "'2024-12-11"),
        (with_object(sha256="0" * 64), "metadata sha256", "'0000"),
    ],
    ids=["truncated", "twice", "line", "day", "order", "duplicate", "site", "window", "digest"],
)  # fmt: skip
def test_r2_names_what_is_wrong_with_an_object(tmp_path, world, expected, actual):
    found = broken(tmp_path, world, "r2")
    assert found["subject"] == world.place(DAY)
    assert found["expected"].startswith(expected)
    assert found["found"].startswith(actual)
    assert found["cause"] == "worker"


def test_a_day_beyond_the_bounds_hides_no_broken_one(tmp_path):
    world = World(days=3)
    world.write(World.day(0), None, raw=gzip.compress(b"x" * 100_000))
    assert unjudged(tmp_path, world, "r2")["found"] == "a line of more than 65,536 bytes"
    world.write(World.day(2), None, raw=b"no gzip")
    found = broken(tmp_path, world, "r2")
    assert (found["subject"], found["found"]) == (world.place(World.day(2)), "bytes that do not decompress")


def test_r2_is_thorough_on_request(tmp_path):
    world = World(days=9, total=9, manifest=None)
    world.manifest["ace"]["end_date"] = "2024-12-18"
    for item in world.manifest["bindings"]:
        if item["name"] == "END_DATE":
            item["text"] = "2024-12-18"
    _, report = world.report(tmp_path, "r2")
    assert "4 of them decoded and compared: 12 samples" in report["r2"]["evidence"]
    _, report = world.report(tmp_path, "r2", thorough=True)
    assert "9 of them decoded and compared: 27 samples" in report["r2"]["evidence"]
    for n in range(9):
        world.write(world.day(n), samples="4")
    assert len(world.report(tmp_path, "r2", thorough=True)[1]["r2"]["findings"]) == 9


def test_r2_says_at_most_ten_broken_days_one_by_one(tmp_path, monkeypatch):
    from checks.stored_days import decoded_days

    monkeypatch.setattr(decoded_days, "MOST", 2)
    world = World(days=5)
    for n in range(5):
        world.write(world.day(n), samples="4")
    _, report = world.report(tmp_path, "r2", thorough=True)
    assert len(report["r2"]["findings"]) == 2
    assert "3 more days are not whole" in report["r2"]["evidence"]


# ---- days that are stored as empty


def emptied(*days):
    world = World(days=5)
    for n in days:
        world.write(world.day(n), [])
    return world


def test_r2_of_an_empty_day_that_is_empty_at_ace(tmp_path):
    code, report = emptied(1).report(tmp_path, "r2")
    assert code == 0
    assert "1 day stored as empty; ACE, asked for 1 of them, has data for none" in report["r2"]["evidence"]


def test_r2_of_empty_days_that_ace_has_data_for(tmp_path):
    world = emptied(1, 2)
    world.measured[world.day(1)] = lines(world.day(1))
    found = broken(tmp_path, world, "r2")
    assert (found["subject"], found["expected"]) == (world.place(world.day(1)), "0 samples at ACE, as stored")
    assert "the first at 2024-12-11T00:00:00.000" in found["found"]
    assert found["hint"].endswith("--remote && python -m checks run trigger r2 --stack prod")


def test_r2_says_at_most_three_of_them_and_looks_at_all_when_thorough(tmp_path):
    world = emptied(0, 1, 2, 3, 4)
    for n in range(5):
        world.measured[world.day(n)] = lines(world.day(n))
    _, report = world.report(tmp_path, "r2", thorough=True)
    assert [item["expected"] for item in report["r2"]["findings"]][:3] == ["0 samples at ACE, as stored"] * 3
    assert {item["cause"] for item in report["r2"]["findings"]} == {"worker"}  # nobody asks whether the site has data
    assert "5 days stored as empty; ACE, asked for 5 of them, has data for 5" in report["r2"]["evidence"]


def test_r2_says_that_nobody_looked_at_ace(tmp_path):
    from contract.operator_token import derive_operator_token

    environ = {"CLOUDFLARE_API_TOKEN": API_TOKEN, "OPERATOR_TOKEN": derive_operator_token(KEY)}
    code, report = emptied(1).report(tmp_path, "r2", environ=environ)
    assert code == 0
    assert "1 day stored as empty, and ACE was not asked whether they are: no ACE_API_KEY" in report["r2"]["evidence"]


def test_r2_asks_ace_again_where_a_connection_was_reset(tmp_path):
    world, left = emptied(1), [httpx.ReadError("reset")]
    world.measured[World.day(1)] = lines(World.day(1))

    def reset_once(request):
        if left:
            raise left.pop()
        return world.ace(request, request.url.path)

    world.routes["GET", "/paginated"] = reset_once
    assert broken(tmp_path, world, "r2")["expected"] == "0 samples at ACE, as stored"


def test_r2_does_not_wait_long_for_an_ace_that_is_down(tmp_path):
    world = emptied(1, 3)
    world.routes["GET", "/paginated"] = answer(503)
    code, report = world.report(tmp_path, "r2")
    assert code == 0
    assert sum(world.clock.slept) < 3
    assert (
        "2 days stored as empty, and ACE answered for 0 of them only: an outage: 503 (empty)"
        in report["r2"]["evidence"]
    )


def test_r2_leaves_the_next_days_first_row_to_the_next_day(tmp_path):
    world = emptied(1)
    row = {"name": "p", "value": "1", "time": "2024-12-12T00:00:00"}
    world.routes["GET", "/paginated"] = answer(200, {"point_samples": [row], "has_more": False, "next_cursor": None})
    assert world.report(tmp_path, "r2")[0] == 0
