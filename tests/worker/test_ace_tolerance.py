"""The answers of ACE that are unusual and lose nothing: each is stored as it is (cases A1 to A7)."""

from __future__ import annotations

import base64
import gzip
import json
from typing import Any

import pytest
from aiohttp import web

from .conftest import MIDDLE, MIDNIGHT, START, World, cursor, page, row
from .test_ace_answers import FIRST, LAST, no_data, pages


def copied(world: World, *answers: web.Response) -> list[str]:
    """Copy a day of these answers, and the empty days after it. Return its lines."""
    world.clear("counted")
    world.odd.script = pages(*answers)
    answer = world.trigger("counted")
    assert answer.json()["status"] == "complete", answer.text
    return world.lines("counted")


def values(lines: list[str]) -> list[tuple[str, str]]:
    """Return name and value of each line, sorted. A number keeps its text."""
    found = [json.loads(line, parse_int=str, parse_float=str) for line in lines]
    return sorted((line["point_name"], line["value"]) for line in found)


NUMBERS = ("1.6100000143051147", "12345678901234567890", "-0", "1E+05", "0.10", "1e400", "-2.5e-07")
VALUES = {"null": "null", "true": "true", "false": "false", **{text: text for text in NUMBERS}, '"true"': '"true"'}


@pytest.mark.parametrize("mixed", [True, False])
def test_a_value_that_is_not_a_text_is_stored_as_sent(world: World, mixed: bool) -> None:
    """Case A1: null, booleans, and numbers to the last digit, on a page with and without texts."""
    sent = {text: VALUES[text] for text in VALUES if mixed or not text.startswith('"')}
    rows = [f'{{"name":"{number}","value":{text},"time":"{START}T00:00:00"}}' for number, text in enumerate(sent)]
    body = f'{{"point_samples":[{",".join(rows)}],"next_cursor":null,"has_more":false,"value":1}}'
    lines = copied(world, web.Response(text=body, content_type="application/json"))
    stored = {json.loads(line)["point_name"]: line.partition(',"value":')[2] for line in lines}
    assert stored == {str(number): f"{text}}}" for number, text in enumerate(sent.values())}


@pytest.mark.parametrize("following", [LAST, "opaque"])
@pytest.mark.parametrize("last", ["empty", "404"])
def test_an_empty_page_after_a_full_one_is_the_end(world: World, following: str, last: str) -> None:
    """Case A2: `has_more` is true although no row follows."""
    end = page([]) if last == "empty" else no_data()
    lines = copied(world, page(FIRST, next_cursor=following), end)
    assert len(lines) == len(FIRST)


AT = f"{START}T00:05:00"
EDGES: dict[str, list[tuple[list[dict[str, str]], str | None]]] = {
    "a row again": [(FIRST, LAST), ([row("a", "2", AT), row("a", "3", f"{START}T00:10:00")], None)],
    "the same point and time": [(FIRST, LAST), ([row("a", "other", AT)], None)],
    "after an opaque cursor": [(FIRST, "x"), ([row("a", "2", AT)], None)],
    "within one timestamp of three pages": [
        (FIRST, LAST),
        ([row("b", "2", AT)], cursor(2, AT)),
        ([row("c", "2", AT), row("a", "2", AT)], None),
    ],
}


@pytest.mark.parametrize("case", EDGES)
def test_a_point_twice_at_one_time_across_a_page_edge_is_stored_twice(world: World, case: str) -> None:
    """Case A3."""
    lines = copied(world, *(page(rows, next_cursor=following) for rows, following in EDGES[case]))
    sent = [(item["name"], item["value"]) for rows, _ in EDGES[case] for item in rows]
    assert values(lines) == sorted(sent)


TIMES = {
    "T01:30:00Z": 90,
    " 01:30:00": 90,
    "T01:30": 90,
    "T01:30Z": 90,
    "T01:30:00+0000": 90,
    "T01:30:00 +00:00": 90,
    "T01:30:00-00:00": 90,
    "T01:30:00-05:00": 390,
    "T01:30:00-0530": 420,
    "T01:30:00.123456-05": 390,
    "T01:30+01:00": 30,
    "T01:30:00+01:30": 0,
}


def test_times_are_converted_to_utc(world: World) -> None:
    """Case A4: with an offset, with Z, and without seconds."""
    rows = [row(f"{number:02}", "1", START + time) for number, time in enumerate(TIMES)]
    rows.append(row("99", "1", f"{MIDDLE}T03:00:00+05:00"))  # 22:00 of the day before
    lines = [json.loads(line) for line in copied(world, page(rows))]
    found = {line["point_name"]: (line["timestamp"] - MIDNIGHT) / 60_000 for line in lines}
    expected = {f"{number:02}": float(minutes) for number, minutes in enumerate(TIMES.values())}
    assert {name: int(minutes) for name, minutes in found.items()} == {**expected, "99": 22 * 60}


@pytest.mark.parametrize("style", ["{}Z", "{}+0000", "{}.000000+00:00"])
def test_a_cursor_has_a_time_of_the_same_kind(world: World, style: str) -> None:
    """Case A4: a cursor is compared with the rows as a time in UTC, and keeps its form."""
    first = [row(name, "1", style.format(AT)) for name in ("a", "b")]
    second = [row(name, "1", style.format(AT)) for name in ("c", "d")]
    given = cursor(2, style.format(AT))
    stalled = page(second, next_cursor=given)  # ACE's defect: it does not add the rows of the first page
    lines = copied(world, page(first, next_cursor=given), stalled, page([row("e", "1", style.format(AT))]))
    assert len(lines) == 5
    assert world.odd.requests[1][1]["cursor"] == given
    assert json.loads(base64.b64decode(world.odd.requests[2][1]["cursor"])) == {
        "offset": 4,
        "timestamp": style.format(AT),
    }


def test_a_cursor_of_another_zone_is_converted(world: World) -> None:
    """Case A4: 19:05 at -05:00 is 00:05 of the next day."""
    given = cursor(1, "2024-12-09T19:05:00-05:00")
    assert len(copied(world, page(FIRST, next_cursor=given), page([row("b", "2", AT)]))) == 4


def test_rows_of_a_page_may_have_any_order(world: World) -> None:
    """Case A5: ordered by point, or latest first. The members keep ACE's order."""
    by_point = [row(name, str(minute), f"{START}T00:{minute:02}:00") for name in "abc" for minute in (0, 5, 10)]
    later = [row("a", "late", f"{START}T00:15:00"), row("a", "edge", f"{START}T00:10:00")]
    lines = copied(world, page(by_point, next_cursor=cursor(3, f"{START}T00:10:00")), page(later))
    assert values(lines) == sorted((item["name"], item["value"]) for item in [*by_point, *later])
    of_a = [json.loads(line)["value"] for line in lines if '"a"' in line]
    assert of_a == [0, 5, 10, "late", "edge"]


def test_the_same_row_twice_is_stored_and_counted_twice(world: World) -> None:
    """Case A6."""
    lines = copied(world, page([*FIRST, *FIRST[:2], FIRST[0]]))
    assert len(lines) == 6
    custom = world.stored("counted", f"timeseries/odd/{START}/data.ndjson.gz")[0]["custom"]
    assert (custom["samples"], custom["points"]) == ("6", "2")


@pytest.mark.parametrize("size", [1, 3_000])
def test_a_compressed_answer_is_decoded(world: World, size: int) -> None:
    """Case A7: gzip, although the worker did not ask for it."""
    rows = [row(f"point-{number}", "1", f"{START}T12:00:00") for number in range(size)]
    answer = page(rows)
    packed = gzip.compress((answer.text or "").encode())
    headers = {"Content-Encoding": "gzip", "Content-Type": "application/json"}
    assert len(copied(world, web.Response(body=packed, headers=headers))) == size


def test_a_compressed_answer_that_is_cut_off_is_not_stored(world: World) -> None:
    """Case A7, broken: the rows of a part of an answer are not a day."""
    world.clear("counted")
    packed = gzip.compress((page(FIRST).text or "").encode())[:-12]
    headers = {"Content-Encoding": "gzip", "Content-Type": "application/json"}

    def cut(request: Any) -> web.Response:
        return web.Response(body=packed, headers=headers)

    world.odd.script = cut
    answer = world.trigger("counted")
    assert answer.json()["error"]["code"] in ("upstream_unavailable", "upstream_contract")
    assert world.keys("counted") == []
