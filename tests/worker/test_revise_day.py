"""A stored day that is read again: no row that only R2 has is lost, and only the object that was read is replaced."""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiohttp import web

from contract.day_object import MEMBERS, combine_digests, find_member, parse_lengths

from .conftest import MIDNIGHT, START, World, page, row

KEY = f"timeseries/odd/{START}/data.ndjson.gz"
Row = tuple[str, int, str]  # name, minute of the day, value
POINTS = tuple(f"ses/odd/AHU-{number}/VAV-{number}.DaTemp" for number in range(20))
DAY: list[Row] = [
    (point, minute, f"{number}.{minute}") for minute in (0, 5, 600) for number, point in enumerate(POINTS)
]


def serve(world: World, rows: Sequence[Row]) -> None:
    """Let ACE have these rows."""
    times = [(datetime.fromisoformat(START) + timedelta(minutes=minute)).isoformat() for _, minute, _ in rows]
    found = [row(name, value, time) for (name, _, value), time in zip(rows, times, strict=True)]
    world.odd.script = lambda request: page(found)


def call(world: World, path: str = "/revise", **given: Any) -> dict[str, Any]:
    answer = world.harness.http.post(world.urls["days"] + path, json={"date": START, **given})
    assert answer.status_code in (200, 502), answer.text
    body: dict[str, Any] = answer.json()
    return body


def revise(world: World, **given: Any) -> tuple[str, int, tuple[int, int, int, int, int]]:
    result = call(world, **given)["result"]
    rows = result["rows"]
    counts = tuple(rows[name] for name in ("before", "after", "added", "changed", "kept"))
    assert len(counts) == 5
    return result["result"], result["revision"], counts


def copied(world: World, rows: Sequence[Row] = DAY) -> tuple[dict[str, str], bytes]:
    """Store a day of these rows and return it."""
    world.clear("days")
    serve(world, rows)
    assert call(world, "/copy", version="version-1")["result"] == "stored"
    return found(world)


def found(world: World) -> tuple[dict[str, str], bytes]:
    """Return the stored object, whose metadata must be those of its rows."""
    about, body = world.stored("days", KEY)
    assert about["http"] == {"contentType": "application/x-ndjson"}
    custom: dict[str, str] = about["custom"]
    texts, begin = [], 0
    for length in parse_lengths(custom["members"]):
        texts.append(gzip.decompress(body[begin : begin + length]) if length else b"")
        begin += length
    assert begin == len(body) == int(custom["bytes"])
    lines = [json.loads(line) for text in texts for line in text.splitlines()]
    assert custom["sha256"] == combine_digests(hashlib.sha256(text).digest() for text in texts)
    assert custom["samples"] == str(len(lines))
    assert custom["points"] == str(len({line["point_name"] for line in lines}))
    times = [line["timestamp"] for line in lines]
    assert (custom.get("first"), custom.get("last")) == ((str(min(times)), str(max(times))) if times else (None, None))
    for number, text in enumerate(texts):
        assert {find_member(json.loads(line)["point_name"]) for line in text.splitlines()} <= {number}
    assert custom["source"] == f"{START}T00:00:00Z/2024-12-11T00:00:00Z"
    return custom, body


def rows_of(body: bytes) -> list[Row]:
    lines = [json.loads(line, parse_float=str, parse_int=str) for line in gzip.decompress(body).splitlines()]
    return sorted((line["point_name"], (int(line["timestamp"]) - MIDNIGHT) // 60_000, line["value"]) for line in lines)


def write_format_1(world: World, rows: Sequence[Row], **metadata: str) -> bytes:
    """Store a day as the versions before format 2 did."""
    world.clear("days")
    lines = [
        f'{{"point_name":{json.dumps(name)},"timestamp":{MIDNIGHT + minute * 60_000},"value":{value}}}\n'
        for name, minute, value in rows
    ]
    text = "".join(lines).encode()
    custom = {"samples": str(len(rows)), "sha256": hashlib.sha256(text).hexdigest(), "worker_version": "version-0"}
    body = gzip.compress(text)
    world.put("days", KEY, body, custom=custom | metadata)
    return body


def test_unchanged_rows_keep_their_bytes_and_get_the_time_of_the_check(world: World) -> None:
    """Case A8: a re-check that finds nothing new."""
    before, body = copied(world)
    assert before["revision"] == "1"
    assert "checked_at" not in before
    assert revise(world) == ("unchanged", 1, (60, 60, 0, 0, 0))
    after, again = found(world)
    checked = datetime.fromisoformat(after.pop("checked_at"))
    assert datetime.now(UTC) - checked < timedelta(minutes=1)
    assert (after, again) == (before, body)


def test_rows_in_another_order_are_unchanged(world: World) -> None:
    _, body = copied(world)
    serve(world, [*reversed(DAY[:20]), *DAY[20:]])
    assert revise(world) == ("unchanged", 1, (60, 60, 0, 0, 0))
    assert found(world)[1] == body


def test_late_rows_are_stored_as_a_new_revision(world: World) -> None:
    """Case A8: yesterday's rows arrive hours late."""
    copied(world, DAY[:25])
    serve(world, DAY)
    assert call(world)["counters"] == {"samples_fetched": 60, "samples_written": 35}
    custom, body = found(world)
    assert rows_of(body) == sorted(DAY)
    assert (custom["revision"], custom["worker_version"]) == ("2", "version-2")
    assert "checked_at" in custom
    assert revise(world) == ("unchanged", 2, (60, 60, 0, 0, 0))


def test_rows_that_ace_lost_are_kept(world: World) -> None:
    """Case D1: half of the rows, or one point, and late rows at the same time."""
    _, body = copied(world)
    serve(world, DAY[:30])
    assert revise(world) == ("unchanged", 1, (60, 60, 0, 0, 30))
    assert found(world)[1] == body
    late = (POINTS[3], 700, "5")
    serve(world, [*DAY[:30], late])
    assert revise(world) == ("revised", 2, (60, 61, 1, 0, 30))
    assert rows_of(found(world)[1]) == sorted([*DAY, late])


def test_all_rows_are_kept_when_ace_has_none(world: World) -> None:
    _, body = copied(world)
    serve(world, [])
    assert revise(world) == ("unchanged", 1, (60, 60, 0, 0, 60))
    assert found(world)[1] == body


def test_rows_of_an_empty_day_that_arrive_late_are_stored(world: World) -> None:
    _, body = copied(world, [])
    assert gzip.decompress(body) == b""
    assert revise(world) == ("unchanged", 1, (0, 0, 0, 0, 0))
    assert found(world)[1] == body
    serve(world, DAY)
    assert revise(world) == ("revised", 2, (0, 60, 60, 0, 0))
    assert rows_of(found(world)[1]) == sorted(DAY)


def test_a_corrected_value_replaces_the_stored_one(world: World) -> None:
    """Case D2: ACE corrected values later."""
    copied(world)
    corrected = [(name, minute, "99" if minute == 5 and name == POINTS[2] else value) for name, minute, value in DAY]
    serve(world, corrected)
    assert revise(world) == ("revised", 2, (60, 60, 0, 1, 0))
    assert rows_of(found(world)[1]) == sorted(corrected)


def test_several_rows_of_one_point_and_time_are_merged_as_a_multiset(world: World) -> None:
    name = POINTS[0]
    copied(world, [(name, 0, "1"), (name, 0, "1"), (name, 0, "2"), (name, 5, "3"), (name, 5, "3")])
    serve(world, [(name, 0, "1"), (name, 0, "4"), (name, 5, "3"), (name, 5, "3"), (name, 5, "3")])
    assert revise(world) == ("revised", 2, (5, 7, 2, 0, 2))  # 1, 1, 2 and 4. And 3 three times
    expected = [(name, 0, value) for value in ("1", "1", "2", "4")] + [(name, 5, "3")] * 3
    assert rows_of(found(world)[1]) == expected


def test_a_dry_run_shows_the_change_and_writes_nothing(world: World) -> None:
    before = copied(world, DAY[:25])
    serve(world, DAY)
    answer = call(world, dryRun=True)
    assert answer["counters"]["samples_written"] == 0
    assert answer["result"] == {
        "result": "revised",
        "revision": 2,
        "rows": {"before": 25, "after": 60, "added": 35, "changed": 0, "kept": 0},
    }
    assert found(world) == before
    serve(world, DAY[:25])
    assert revise(world, dryRun=True) == ("unchanged", 1, (25, 25, 0, 0, 0))
    assert found(world) == before


@pytest.mark.parametrize("rows", [DAY, DAY[:25]])
def test_an_object_that_another_writer_changed_is_not_overwritten(world: World, rows: list[Row]) -> None:
    copied(world, DAY[:25])
    serve(world, rows)
    assert revise(world, meddle=True) == ("conflict", 1, (25, 25, 0, 0, 0))
    assert world.stored("days", KEY)[1] == b"theirs"


def test_an_object_that_changes_while_ace_is_read_is_not_overwritten(world: World) -> None:
    copied(world)

    def answer(request: Any) -> Any:
        world.put("days", KEY, b"theirs")
        return page([])

    world.odd.script = answer
    assert revise(world)[0] == "conflict"
    assert world.stored("days", KEY)[1] == b"theirs"


def test_an_absent_day_stays_absent(world: World) -> None:
    world.clear("days")
    assert revise(world) == ("absent", 0, (0, 0, 0, 0, 0))
    assert (world.keys("days"), world.odd.requests) == ([], [])


def test_a_day_without_time_for_its_pages_is_unfinished(world: World) -> None:
    before = copied(world)
    assert revise(world, deadlineMs=0) == ("unfinished", 1, (60, 60, 0, 0, 0))
    assert found(world) == before


def test_a_refusal_of_ace_changes_nothing(world: World) -> None:
    before = copied(world)
    world.odd.script = lambda request: page([row("p", "1", "yesterday")])
    assert call(world)["code"] == "upstream_contract"
    assert found(world) == before


def test_format_1_becomes_format_2_without_a_request_to_ace(world: World) -> None:
    write_format_1(world, DAY)
    world.odd.requests.clear()
    assert revise(world, source="stored", dryRun=True) == ("revised", 2, (60, 60, 0, 0, 0))
    assert world.stored("days", KEY)[0]["custom"]["worker_version"] == "version-0"
    assert revise(world, source="stored") == ("revised", 2, (60, 60, 0, 0, 0))
    custom, body = found(world)
    assert (custom["format"], custom["revision"]) == ("2", "2")
    assert "checked_at" not in custom
    assert rows_of(body) == sorted(DAY)
    assert revise(world, source="stored") == ("unchanged", 2, (60, 60, 0, 0, 0))
    assert found(world) == (custom, body)
    assert world.odd.requests == []


def test_an_empty_day_of_format_1_becomes_format_2(world: World) -> None:
    write_format_1(world, [])
    assert revise(world, source="stored") == ("revised", 2, (0, 0, 0, 0, 0))
    assert len(found(world)[1]) == 20


def test_format_1_is_merged_with_ace(world: World) -> None:
    write_format_1(world, DAY[10:])
    serve(world, DAY[:50])
    assert revise(world) == ("revised", 2, (50, 60, 10, 0, 10))
    assert rows_of(found(world)[1]) == sorted(DAY)


WRONG = {
    "samples": {"samples": "59"},
    "sha256": {"sha256": "0" * 64},
}


@pytest.mark.parametrize("name", WRONG)
def test_format_1_that_does_not_agree_with_its_metadata_is_not_converted(world: World, name: str) -> None:
    body = write_format_1(world, DAY, **WRONG[name])
    assert call(world, source="stored")["code"] == "storage"
    assert world.stored("days", KEY)[1] == body
    serve(world, DAY)
    assert revise(world)[:2] == ("revised", 2)  # ACE has all rows, so nothing can be lost
    assert rows_of(found(world)[1]) == sorted(DAY)


UNREADABLE = {
    "not gzip": b"no gzip at all, but longer than nothing",
    "cut off": gzip.compress(b"x" * 1000)[:-4],
    "another form": gzip.compress(b'{"name": 1}\n'),
    "not UTF-8": gzip.compress(b'{"point_name":"\xff","timestamp":0,"value":1}\n'),
}


@pytest.mark.parametrize("source", ["ace", "stored"])
@pytest.mark.parametrize("name", UNREADABLE)
def test_an_unreadable_object_is_not_overwritten(world: World, name: str, source: str) -> None:
    world.clear("days")
    world.put("days", KEY, UNREADABLE[name])
    serve(world, DAY)
    assert call(world, source=source)["code"] == "storage"
    assert world.stored("days", KEY)[1] == UNREADABLE[name]


@pytest.mark.parametrize("change", [{"format": "3"}, {"members": "1"}, {"members": ",".join(["1"] * MEMBERS)}])
def test_an_object_with_unusable_metadata_is_not_overwritten(world: World, change: dict[str, str]) -> None:
    custom, body = copied(world)
    world.put("days", KEY, body, custom=custom | change)
    assert call(world)["code"] == "storage"
    assert world.stored("days", KEY)[1] == body


def test_wrong_metadata_of_format_2_are_corrected_by_a_new_revision(world: World) -> None:
    custom, body = copied(world)
    world.put("days", KEY, body, custom=custom | {"samples": "59"})
    assert revise(world) == ("revised", 2, (60, 60, 0, 0, 0))
    assert found(world)[1] == body


def test_a_day_above_the_size_limit_is_not_written(world: World) -> None:
    before = copied(world)
    serve(world, [*DAY, (POINTS[0], 601, "1")])
    answer = call(world, limits={"objectBytes": len(before[1])})
    assert (answer["code"], "Nothing was written" in answer["message"]) == ("storage", True)
    assert found(world) == before


def test_a_large_member_is_merged_in_slices_of_time(world: World) -> None:
    """10,000 rows of a point with a long name are 5 MB in one member, and more than one slice."""
    name = "x" * 500
    times = [f"{START}T{count // 3600:02}:{count // 60 % 60:02}:{count % 60:02}" for count in range(0, 80_000, 8)]
    rows = [row(name, "1", time) for time in times]

    def without(number: int) -> Any:
        body = page([item for index, item in enumerate(rows) if index % 1000 != number]).body
        return lambda request: web.Response(body=body, content_type="application/json")

    world.clear("days")
    world.odd.script = without(7)
    assert call(world, "/copy")["result"] == "stored"
    world.odd.script = without(8)
    assert revise(world) == ("revised", 2, (9_990, 10_000, 10, 0, 10))
    lines = gzip.decompress(found(world)[1]).splitlines()
    assert [json.loads(line)["timestamp"] for line in lines] == [MIDNIGHT + 8000 * count for count in range(10_000)]
