"""The bundled query worker in workerd: it serves stored days completely or reports an error."""

from __future__ import annotations

import gzip
import json
import tempfile
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from .query_world import BINDINGS, DAY, DAYS, ODD, SITE, TWIN, A, B, World, hourly, ms, written

PROBES = {
    "counted": {"whole": True},
    "small": {"limits": {"chunkLength": 1, "points": 2}},
    "get-fails": {"fail": "get"},
    "list-fails": {"fail": "list"},
    "head-fails": {"fail": "head"},
    "list-hangs": {"fail": "list-hang", "limits": {"budgetMs": 200}},
    "get-hangs": {"fail": "get-hang", "limits": {"budgetMs": 200}},
    "body-hangs": {"body": "hang", "on": DAYS[1], "limits": {"budgetMs": 400}},
    "body-fails": {"body": "fail", "on": DAYS[1]},
    "no-time": {"limits": {"budgetMs": 0}},
    "short-lines": {"limits": {"lineLength": 1_000}},
}
UNUSABLE = {f"without_{name}": {key: BINDINGS[key] for key in BINDINGS if key != name} for name in BINDINGS}
UNUSABLE |= {"unbound": BINDINGS, "climbs": {**BINDINGS, "KEY_TEMPLATE": "../{site}/{date}"}}


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with tempfile.TemporaryDirectory(prefix="bv-query-") as folder:
        world = World(Path(folder), PROBES, volume=BINDINGS, **UNUSABLE)
        try:
            failing = ("get-fails", "get-hangs", "body-hangs", "body-fails")
            for name in ("main", "counted", "small", "no-time", "short-lines", *failing):
                for day in DAYS[:2]:
                    world.store(name, day, hourly(day))
                world.store(name, DAYS[2], [])
            world.store("main", DAYS[4], [(ODD, ms(DAYS[4]), "on"), (A, ms(DAYS[4]), -1e-7), (A, ms(DAYS[4], 1), "")])
            yield world
        finally:
            world.stop()


def test_a_day_is_served_exactly_with_the_documented_headers(world: World) -> None:
    answer = world.ask()
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/json"
    assert (answer.headers["X-Data-Source"], answer.headers["X-Query-Strategy"]) == ("R2", "R2_ONLY")
    assert answer.headers["Access-Control-Expose-Headers"] == "X-Data-Source, X-Query-Strategy"
    assert answer.json() == {
        "site_name": SITE,
        "start_time": ms(DAYS[0]),
        "end_time": ms(DAYS[1]),
        "samples": written([sample for sample in hourly(DAYS[0]) if sample[0] == A]),
        "count": 24,
        "points": {A: 24},
        "unmatched": [],
        "absent_days": [],
    }


def test_several_days_and_points_are_served_oldest_first(world: World) -> None:
    body = world.whole(point_names=f"{A},{B}", end_time=ms(DAYS[2]))
    rows = [sample for day in DAYS[:2] for sample in hourly(day) if sample[0] != TWIN]
    assert body["samples"] == written(rows)
    assert body["points"] == {A: 48, B: 48}


def test_the_last_segment_of_a_path_selects_every_point_that_ends_with_it(world: World) -> None:
    assert world.whole(point_names="VAV-707.DaTemp")["points"] == {A: 24, TWIN: 24}
    for other in ("AHU-1/VAV-707.DaTemp", "DaTemp", "vav-707.datemp", A.upper()):
        assert world.whole(point_names=other)["samples"] == []


def test_the_end_is_exclusive_and_the_start_inclusive(world: World) -> None:
    body = world.whole(start_time=ms(DAYS[0], 23), end_time=ms(DAYS[1], 1))
    assert [row["timestamp"] for row in body["samples"]] == [ms(DAYS[0], 23), ms(DAYS[1])]
    assert world.whole(start_time=ms(DAYS[0], 23) + 1, end_time=ms(DAYS[1]))["samples"] == []


def test_an_absent_day_is_listed_and_an_empty_day_is_not(world: World) -> None:
    body = world.whole(start_time=ms(DAYS[1], 23), end_time=ms(DAYS[4], 0.5))
    assert [row["timestamp"] for row in body["samples"]] == [ms(DAYS[1], 23), ms(DAYS[4])]
    assert body["absent_days"] == [DAYS[3]]


def test_values_and_names_are_served_unchanged(world: World) -> None:
    body = world.whole(point_names=f"{A},{ODD.split(',')[0]}", start_time=ms(DAYS[4]), end_time=ms(DAYS[4]) + DAY)
    assert [row["value"] for row in body["samples"]] == [-1e-7, ""]  # a request cannot have a name with a comma
    raw = b'{"point_name":"p","timestamp":%d,"value":72.500000000000000000001}\n' % ms(DAYS[0])
    other = b'{"timestamp":%d,"point_name":"p","value":"x"}' % (
        ms(DAYS[0]) + 1
    )  # written by other code, without the last line end
    world.store("other", DAYS[0], [], raw=gzip.compress(raw + b'{"point_name":"q"}\n'), samples=None)
    assert "72.500000000000000000001}\n" not in world.ask("other", point_names="none").text
    world.store("other", DAYS[0], [], raw=gzip.compress(raw + other), samples="2")
    assert "72.500000000000000000001},\n" in world.ask("other", point_names="p").text
    assert world.whole("other", point_names="p")["samples"][1]["value"] == "x"


def test_days_without_matching_samples_are_not_read(world: World) -> None:
    day = world.calls()
    assert (day["list"], day["get"]) == (1, 1)
    assert day["read"] > 0
    assert world.calls(start_time=ms(DAYS[0], 23) + 1) == {"list": 1}  # after the last sample
    assert world.calls(start_time=ms(DAYS[2]), end_time=ms(DAYS[3])) == {"list": 1}  # an empty day
    assert world.calls(end_time=ms(DAYS[1]) + 1)["get"] == 2


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("site_name", None, "is missing"),
        ("point_names", "", "is missing"),
        ("start_time", None, "is missing"),
        ("end_time", None, "is missing"),
        ("start_time", "2024-12-10", "is not a number of ms since the epoch"),
        ("end_time", "1e12", "is not a number of ms since the epoch"),
        ("end_time", "-1", "is not a number of ms since the epoch"),
        ("start_time", ms(DAYS[1]), "is not before end_time, which is exclusive"),
        ("end_time", ms(DAYS[0]) + 366 * DAY + 1, "is more than 366 days after start_time: split the request"),
        ("point_names", f"{A},", "holds an empty name"),
        ("point_names", ",".join(f"p{n}" for n in range(101)), "holds more than 100 names: split the request"),
        ("site_name", "elsewhere", "is a site that this worker does not serve"),
        ("start_time", ["1", "2"], "is given more than once"),
        ("reset", "true", "is unknown (expected site_name, point_names, start_time, end_time)"),
    ],
)
def test_an_invalid_parameter_is_refused_with_its_reason(world: World, name: str, value: Any, reason: str) -> None:
    answer = world.ask(**{name: value})
    assert answer.status_code == 400
    message = f"{name} {reason}"
    error = {"code": "bad_parameter", "message": message, "parameters": {name: reason}}
    assert answer.json() == {"status": "error", "error": error}


def test_all_invalid_parameters_are_reported_together(world: World) -> None:
    answer = world.http.get(f"{world.urls['main']}/timeseries/query")
    assert set(answer.json()["error"]["parameters"]) == {"site_name", "point_names", "start_time", "end_time"}


def test_the_longest_range_is_served(world: World) -> None:
    body = world.whole(start_time=ms(DAYS[0], 1), end_time=ms(DAYS[0], 1) + 366 * DAY)
    assert len(body["absent_days"]) == 367 - 4


@pytest.mark.parametrize(
    "path", ["/", "/timeseries", "/timeseries/query/", "/timeseries/points/", "/trigger", "/status"]
)
def test_an_unknown_route_is_404(world: World, path: str) -> None:
    answer = world.http.get(world.urls["main"] + path)
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")


@pytest.mark.parametrize(
    ("path", "allow"), [("/health", "GET, HEAD"), ("/timeseries/query", "GET"), ("/timeseries/points", "GET")]
)
def test_another_method_is_405(world: World, path: str, allow: str) -> None:
    answer = world.http.post(world.urls["main"] + path)
    assert (answer.status_code, answer.headers["Allow"]) == (405, allow)


def test_health_names_the_service_and_the_version(world: World) -> None:
    answer = world.http.get(world.urls["main"] + "/health")
    assert answer.status_code == 200
    version = {"id": "version-1", "tag": "bv:test"}
    assert answer.json() == {
        "status": "healthy", "service": "query-worker", "version": "1.0.0", "worker_version": version,
    }  # fmt: skip


@pytest.mark.parametrize("worker", [name.replace("_", "-") for name in UNUSABLE])
def test_an_unusable_binding_is_unhealthy_and_no_data_is_served(world: World, worker: str) -> None:
    health = world.http.get(world.urls[worker] + "/health")
    assert (health.status_code, health.json()["status"]) == (503, "unhealthy")
    answer = world.ask(worker)
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "not_configured")
    assert not {"X-Data-Source", "Access-Control-Expose-Headers"} & set(answer.headers)


def test_failing_storage_is_unhealthy_and_an_error(world: World) -> None:
    assert world.http.get(world.urls["head-fails"] + "/health").status_code == 503
    for worker, problem in (("get-fails", "R2 get of 2024-12-10 failed"), ("list-fails", "R2 list failed")):
        answer = world.ask(worker)
        assert (answer.status_code, answer.json()["error"]["code"]) == (502, "storage")
        assert problem in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"no gzip at all", "cannot be read: TypeError: Decompression failed."),
        (gzip.compress(b"no sample\n"), "holds a line that is not a sample"),
        (gzip.compress(b'{"point_name":"p","timestamp":1.5,"value":1}\n'), "holds a line that is not a sample"),
        (gzip.compress(b'{"point_name":"p","timestamp":1,"value":[]}\n'), "holds a line that is not a sample"),
        (gzip.compress(b'{"point_name":"\xff"}\n'), "is not UTF-8"),
    ],
    ids=["no-gzip", "no-json", "broken-timestamp", "no-value", "no-utf8"],
)
def test_a_malformed_object_is_an_error(world: World, raw: bytes, reason: str) -> None:
    world.store("other", DAYS[1], [], raw=raw, samples=None)
    answer = world.ask("other", start_time=ms(DAYS[1]), end_time=ms(DAYS[2]), point_names="p")
    assert (answer.status_code, answer.json()["error"]["code"]) == (502, "storage")
    assert answer.json()["error"]["message"].endswith(reason)


def test_a_very_long_line_is_refused_before_it_is_completely_in_memory(world: World) -> None:
    answer = world.ask("short-lines")
    assert answer.status_code == 200  # its lines are complete
    world.store("short-lines", DAYS[3], [], raw=gzip.compress(b"x" * 100_000), samples=None)
    assert world.ask("short-lines", start_time=ms(DAYS[3]), end_time=ms(DAYS[4])).status_code == 502


def test_a_truncated_object_ends_the_answer_with_an_error(world: World) -> None:
    for day, damage in ((DAYS[0], lambda raw: raw), (DAYS[1], lambda raw: raw[:-6])):
        content = "".join(json.dumps(item, separators=(",", ":")) + "\n" for item in written(hourly(day)))
        world.store("other", day, hourly(day), raw=damage(gzip.compress(content.encode())))
    arrived = world.broken("other")
    assert '"error":{"code":"storage","message":"the object of 2024-12-11 cannot be read' in arrived


def test_fewer_samples_than_in_the_metadata_end_the_answer_with_an_error(world: World) -> None:
    world.store("other", DAYS[0], hourly(DAYS[0]), samples="73")
    arrived = world.broken("other", end_time=ms(DAYS[1]))
    assert "the object of 2024-12-10 holds 72 samples, not 73" in arrived


def test_storage_that_fails_within_a_day_ends_the_answer_with_an_error(world: World) -> None:
    assert '"code":"storage"' in world.broken("body-fails")


def test_the_time_limit_holds_before_and_after_the_first_byte(world: World) -> None:
    for worker in ("get-hangs", "list-hangs", "no-time"):
        answer = world.ask(worker)
        assert (answer.status_code, answer.json()["error"]["code"]) == (504, "over_budget")
    assert "the answer takes more than 400 ms: request fewer days" in world.broken("body-hangs")


def test_small_chunks_give_the_same_answer(world: World) -> None:
    assert world.whole("small", end_time=ms(DAYS[2])) == world.whole(end_time=ms(DAYS[2]))
    assert world.ask("small", point_names="a,b,c").status_code == 400


def test_a_client_that_disconnects_ends_the_work(world: World) -> None:
    url = f"{world.urls['small']}/timeseries/query"
    params = {"site_name": SITE, "point_names": A, "start_time": ms(DAYS[0]), "end_time": ms(DAYS[2])}
    with world.http.stream("GET", url, params=params) as answer:
        next(answer.iter_raw())
    assert world.whole("small")["count"] == 24


def test_a_large_day_is_served_within_the_time_limit(world: World) -> None:
    start = datetime.fromisoformat(DAYS[0])
    samples = [
        (f"ses/ses_falls_city/AHU-{n % 500}/VAV-{n % 500}.DaTemp", ms(DAYS[0]) + (n // 500) * 1000, 20 + n % 7)
        for n in range(100_000)
    ]
    for n, count in enumerate((5_000, 100_000, 5_000)):
        day = str((start + timedelta(days=n)).date())
        world.store("volume", day, [(name, at + n * DAY, value) for name, at, value in samples[:count]])
    body = world.whole("volume", point_names="VAV-77.DaTemp", end_time=ms(DAYS[3]))
    assert body["count"] == 10 + 200 + 10
