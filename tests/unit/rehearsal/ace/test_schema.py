"""The local ACE's pages have the schema that was measured at the real one."""

from __future__ import annotations

import base64
import json
from datetime import datetime

import httpx
import pytest

from rehearsal.ace import LocalAce
from rehearsal.ace.page_request import PAGE_SIZES
from rehearsal.ace.weather import Weather
from tests.fakes.volume import Volume
from tests.unit.rehearsal.ace.local_ace import PATH, QUARTER, SITE, WINDOW, Listed, ask_once, run


def test_a_page_has_exactly_the_wire_schema() -> None:
    body = ask_once().json()
    assert set(body) == {"point_samples", "next_cursor", "has_more"}
    assert (body["next_cursor"], body["has_more"]) == (None, False)
    assert len(body["point_samples"]) == 24 * 14
    assert all(set(row) == {"name", "value", "time"} for row in body["point_samples"])
    assert all(isinstance(row["value"], str) for row in body["point_samples"])
    dry_bulb = {row["time"]: row["value"] for row in body["point_samples"] if row["name"].endswith("/weather/dry_bulb")}
    assert list(dry_bulb)[:2] == ["2024-12-10T00:00:00", "2024-12-10T01:00:00"]
    expected = [s.value for s in Weather(site=SITE).samples(at("2024-12-10"), at("2024-12-11")) if "dry_bulb" in s.name]
    assert list(dry_bulb.values()) == expected


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def test_the_cursor_is_base64_of_offset_and_timestamp() -> None:
    body = ask_once(params={**WINDOW, "page_size": "10"}).json()
    assert body["has_more"] is True
    assert json.loads(base64.b64decode(body["next_cursor"])) == {"offset": 10, "timestamp": "2024-12-10T00:00:00"}


def test_times_are_naive_and_keep_microseconds_and_values_keep_their_text() -> None:
    samples = [("ses/a", "1.6100000143051147", "2024-12-10T00:00:00.627593"), ("ses/b", "", "2024-12-10T00:01:00")]
    rows = ask_once(source=Listed(*samples)).json()["point_samples"]
    assert [(row["name"], row["value"], row["time"]) for row in rows] == samples


def test_a_time_with_an_offset_is_the_same_instant() -> None:
    params = {**WINDOW, "start_time": "2024-12-09T19:00:00-05:00", "end_time": "2024-12-10T00:00:01"}
    assert {row["time"] for row in ask_once(params=params).json()["point_samples"]} == {"2024-12-10T00:00:00"}


def test_raw_data_false_is_the_default_and_gives_five_minute_buckets() -> None:
    source = Listed(
        ("ses/a", "1", "2024-12-10T00:05:01"), ("ses/b", "9", "2024-12-10T00:06:00"),
        ("ses/a", "2", "2024-12-10T00:09:59.5"), ("ses/a", "3", "2024-12-10T00:10:00"),
    )  # fmt: skip
    params = {name: value for name, value in WINDOW.items() if name != "raw_data"}
    buckets = ask_once(params=params, source=source).json()["point_samples"]
    assert buckets == ask_once(params={**WINDOW, "raw_data": "false"}, source=source).json()["point_samples"]
    assert [(row["name"], row["value"], row["time"][11:]) for row in buckets] == [
        ("ses/a", "2", "00:05:00"), ("ses/b", "9", "00:05:00"), ("ses/a", "3", "00:10:00"),
    ]  # fmt: skip
    assert len(ask_once(source=source).json()["point_samples"]) == 4


def test_raw_rows_and_buckets_of_one_window_are_kept_apart() -> None:
    async def scenario(ace: LocalAce, client: httpx.AsyncClient) -> list[int]:
        answers = [await client.get(PATH, params={**WINDOW, "raw_data": raw}) for raw in ("true", "false", "true")]
        return [len(answer.json()["point_samples"]) for answer in answers]

    source = Listed(("ses/a", "1", "2024-12-10T00:05:01"), ("ses/a", "2", "2024-12-10T00:06:00"))
    assert run(scenario, source=source) == [2, 1, 2]


def test_hourly_measurements_are_the_same_raw_and_in_buckets() -> None:
    assert ask_once().json() == ask_once(params={**WINDOW, "raw_data": "false"}).json()


def test_ten_thousand_rows_are_the_default_page() -> None:
    body = ask_once(source=Volume(site=SITE, count=3_400), params=QUARTER).json()
    assert (len(body["point_samples"]), body["has_more"]) == (10_000, True)


@pytest.mark.parametrize("size", PAGE_SIZES)
def test_every_page_size_of_the_enum(size: int) -> None:
    rows = ask_once(params={**WINDOW, "page_size": str(size)}).json()["point_samples"]
    assert len(rows) == min(size, 24 * 14)
