"""The content and the metadata of a stored day."""

from __future__ import annotations

import gzip
import hashlib
import json
import math
import re
from datetime import UTC, datetime
from typing import Any

from aiohttp import web

from contract.day_object import MAX_EMPTY_BYTES, MEMBERS, combine_digests, find_member, parse_lengths
from rehearsal.ace import AceFault
from rehearsal.ace.samples import Sample

from .conftest import DAYS, END, SOURCES, START, World, page, row


def expected(samples: list[Sample]) -> list[dict[str, Any]]:
    """Returns the stored form of these samples, computed without the worker."""
    return [{"point_name": name, "timestamp": ms(time), "value": number(value)} for name, value, time in samples]


def by_member(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return lines in the order of an object: by member, and in ACE's order within a member."""
    return sorted(lines, key=lambda line: find_member(line["point_name"]))


def digest(lines: list[dict[str, Any]], content: bytes) -> str:
    """Return the digest of an object with this content, whose lines are these."""
    texts = [b""] * MEMBERS
    for line, text in zip(by_member(lines), content.splitlines(keepends=True), strict=True):
        texts[find_member(line["point_name"])] += text
    return combine_digests(hashlib.sha256(text).digest() for text in texts)


def ms(time: datetime) -> int:
    moment = time.replace(tzinfo=UTC)
    return int(moment.replace(microsecond=0).timestamp()) * 1000 + moment.microsecond // 1000


def number(text: str) -> float | str:
    matched = re.fullmatch(r"-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?", text)
    return float(text) if matched and math.isfinite(float(text)) else text


def of_day(site: str, day: str) -> list[Sample]:
    start = datetime.fromisoformat(day)
    return list(SOURCES[site].samples(start, start.replace(day=start.day + 1)))


def test_a_day_is_stored_row_for_row_with_correct_metadata(world: World) -> None:
    world.clear("volume")
    answer = world.trigger("volume")
    assert answer.status_code == 200
    total = 0
    for day in DAYS:
        samples = of_day("volume", day)
        total += len(samples)
        found, body = world.stored("volume", f"timeseries/volume/{day}/data.ndjson.gz")
        content = gzip.decompress(body)
        assert [json.loads(line) for line in content.splitlines()] == by_member(expected(samples))
        assert content.endswith(b"\n")
        assert found["http"] == {"contentType": "application/x-ndjson"}
        lengths = parse_lengths(found["custom"].pop("members"))
        assert sum(lengths) == len(body)
        assert [bool(length) for length in lengths] == [
            any(find_member(sample.name) == number for sample in samples) for number in range(MEMBERS)
        ]
        assert found["custom"] == {
            "format": "2",
            "revision": "1",
            "samples": str(len(samples)),
            "points": str(len({sample.name for sample in samples})),
            "first": str(ms(samples[0].time)),
            "last": str(ms(samples[-1].time)),
            "sha256": digest(expected(samples), content),
            "source": f"{day}T00:00:00Z/{day[:-1]}{int(day[-1]) + 1}T00:00:00Z",
            "bytes": str(len(body)),
            "worker_version": "version-1",
        }
    assert answer.json() == {
        "status": "complete",
        "failed": [],
        "waiting": 0,
        "busy": 0,
        "progress": {
            "current_site": "volume",
            "current_date": END,
            "days_complete": 3,
            "days_total": 3,
            "samples_fetched": total,
            "samples_written": total,
        },
        "continuation": False,
    }


def test_pages_smaller_than_a_timestamp_lose_no_row_and_repeat_none(world: World) -> None:
    """ACE's own cursor stalls here: 2,345 rows per timestamp, 1,000 per page."""
    world.clear("crowd")
    assert world.trigger("crowd").json()["status"] == "complete"
    for day in DAYS:
        lines = [json.loads(line) for line in world.lines("crowd", day, "crowd")]
        assert lines == by_member(expected(of_day("crowd", day)))
        assert len(lines) == 3 * 2_345
    assert len(world.local.requests) == 3 * 8


def test_microseconds_are_truncated_and_days_are_utc(world: World) -> None:
    world.clear("times")
    world.trigger("times")
    midnight = ms(datetime.fromisoformat(START))
    stamps = {
        line["value"]: line["timestamp"] - midnight for line in map(json.loads, world.lines("times", site="times"))
    }
    assert stamps == {1: 0, 2: 300_000, 3: 300_000, 4: 300_123, 5: 86_399_999}
    assert [json.loads(line)["value"] for line in world.lines("times", DAYS[1], "times")] == [6]


NUMBERS = {
    "72.5": "72.5", "0": "0", "-0": "-0", "-12.50": "-12.50", "1e3": "1e3", "-2.5E-07": "-2.5E-07", "1E+05": "1E+05",
    "007": "7", "-00.5": "-0.5", "00": "0", "1.6100000143051147": "1.6100000143051147", "1e308": "1e308",
    "12345678901234567890": "12345678901234567890", "1e-400": "1e-400",
}  # fmt: skip
TEXTS = ("", " ", "0x10", "NaN", "Infinity", "true", "null", "+5", ".5", "5.", "1_000", "1,5", " 1", "1\n", "--1", "1e",
         "1e309", "-1e999", "9" * 400, "\u0663", 'a "quoted" \\ \u2028 text', "\U0001F321", "[1]")  # fmt: skip


def test_numbers_are_stored_as_numbers_and_other_values_as_text(world: World) -> None:
    world.clear("main")
    texts = [*NUMBERS, *TEXTS]
    rows = [row(f"{number:03}", text, f"{START}T00:00:00") for number, text in enumerate(texts)]
    world.odd.script = lambda request: page(rows if request.query["start_time"].startswith(START) else [])
    assert world.trigger("main").status_code == 200
    lines = sorted(world.lines("main"), key=lambda line: str(json.loads(line)["point_name"]))
    for line, text in zip(lines, texts, strict=True):
        value = json.loads(line)["value"]
        assert (float(value) if text in NUMBERS else value) == number(text), text
        assert isinstance(value, str) == (text in TEXTS), text
        assert line.endswith(f'"value":{NUMBERS.get(text, json.dumps(text, ensure_ascii=False))}}}')


def test_a_past_day_without_data_is_stored_empty_and_not_requested_again(world: World) -> None:
    world.clear("main")
    world.odd.script = lambda request: page([])
    assert world.trigger("main").json()["status"] == "complete"
    assert world.odd.days == list(DAYS)
    for day in DAYS:
        found, body = world.stored("main", f"timeseries/odd/{day}/data.ndjson.gz")
        assert gzip.decompress(body) == b""
        assert len(body) <= MAX_EMPTY_BYTES
        assert parse_lengths(found["custom"]["members"]) == (len(body), *[0] * (MEMBERS - 1))
        assert (found["custom"]["samples"], found["custom"]["points"]) == ("0", "0")
        assert found["custom"]["sha256"] == digest([], b"")
        assert {"first", "last"}.isdisjoint(found["custom"])
    assert world.trigger("main").json()["status"] == "complete"
    assert len(world.odd.requests) == 3


def test_a_404_of_no_data_is_stored_as_an_empty_day(world: World) -> None:
    world.clear("times")
    world.local.empty_is_404 = True
    try:
        assert world.trigger("times").json()["status"] == "complete"
    finally:
        world.local.empty_is_404 = False
    assert [request.status for request in world.local.requests] == [200, 200, 404]
    assert world.lines("times", END, "times") == []


def test_a_row_at_the_end_of_the_window_belongs_to_the_next_day(world: World) -> None:
    """ACE does not document whether it includes end_time. In both cases no row is lost or stored twice."""
    world.clear("main")
    rows = [row("p", str(day), f"2024-12-{day}T00:00:00") for day in (10, 11, 12, 13)]

    def inclusive(request: web.Request) -> web.Response:
        start, end = (request.query[name].rstrip("Z") for name in ("start_time", "end_time"))
        return page([item for item in rows if start <= item["time"] <= end])

    world.odd.script = inclusive
    assert world.trigger("main").json()["progress"]["samples_written"] == 3
    assert [[json.loads(line)["value"] for line in world.lines("main", day)] for day in DAYS] == [[10], [11], [12]]


def test_the_request_matches_the_documentation_of_ace(world: World) -> None:
    world.clear("main")
    world.trigger("main")
    path, query = world.odd.requests[0]
    assert path == "/api/sites/odd/timeseries/paginated"
    assert query == {
        "start_time": f"{START}T00:00:00Z",
        "end_time": "2024-12-11T00:00:00Z",
        "page_size": "10000",
        "raw_data": "true",
    }
    assert world.odd.headers[0]["authorization"] == "Bearer fake-ace-key-for-tests"
    assert world.odd.headers[0]["accept"] == "application/json"


def test_the_key_template_defines_the_keys(world: World) -> None:
    world.clear("dashed")
    world.put("dashed", "raw/odd-2024-12-11.gz")
    for stray in ("raw/odd-2024-12-10.gz.bak", "raw/odd-2024-12-10", "raw/odd-junk", "raw/odd-2-2024-12-12.gz"):
        world.put("dashed", stray)
    assert world.trigger("dashed").json()["progress"]["days_complete"] == 3
    assert world.odd.days == [START, END]
    assert {"raw/odd-2024-12-10.gz", "raw/odd-2024-12-12.gz"} <= set(world.keys("dashed"))


def test_a_page_without_point_samples_stores_no_day(world: World) -> None:
    world.clear("volume")
    world.local.fault = AceFault.WRONG_SHAPE
    assert world.trigger("volume").json()["error"]["code"] == "upstream_contract"
    assert world.keys("volume") == []
