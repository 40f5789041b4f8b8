"""The bundled query worker in workerd: it serves stored days completely or reports an error."""

from __future__ import annotations

import base64
import gzip
import json
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from .harness import Harness, find_bundle

SITE = "ses_falls_city"
DAYS = ("2024-12-10", "2024-12-11", "2024-12-12", "2024-12-13", "2024-12-14")
A, B = "ses/ses_falls_city/AHU-1/VAV-707.DaTemp", "ses/ses_falls_city/AHU-1/VAV-708.DaTemp"
TWIN, ODD = "ses/ses_falls_city/AHU-2/VAV-707.DaTemp", 'odd "name","timestamp":\\é'
HOUR, DAY = 3_600_000, 86_400_000
TEMPLATE = "timeseries/{site}/{date}/data.ndjson.gz"
BINDINGS = {"SITE": SITE, "KEY_TEMPLATE": TEMPLATE, "CF_VERSION_METADATA": {"id": "version-1", "tag": "bv:test"}}
Samples = list[tuple[str, int, Any]]


def ms(day: str, hour: float = 0) -> int:
    return int(datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp() * 1000 + hour * HOUR)


def hourly(day: str) -> Samples:
    return [(name, ms(day, hour), 20.5 + hour) for hour in range(24) for name in (A, B, TWIN)]


def written(samples: Samples) -> list[dict[str, Any]]:
    return [{"point_name": name, "timestamp": at, "value": value} for name, at, value in samples]


class World:
    """workerd with query workers. Each worker has its own bucket."""

    def __init__(self, folder: Path) -> None:
        probes: dict[str, dict[str, Any]] = {
            "counted": {"whole": True},
            "small": {"limits": {"chunkLength": 1, "points": 2}},
            "get-fails": {"fail": "get"},
            "head-fails": {"fail": "head"},
            "get-hangs": {"fail": "get-hang", "limits": {"budgetMs": 200}},
            "body-hangs": {"body": "hang", "on": DAYS[1], "limits": {"budgetMs": 400}},
            "body-fails": {"body": "fail", "on": DAYS[1]},
            "no-time": {"limits": {"budgetMs": 0}},
            "short-lines": {"limits": {"lineLength": 1_000}},
        }
        workers: dict[str, Any] = {
            name: {"bindings": {**BINDINGS, "PROBE": probe}, "bucket": name, "wrapped": True}
            for name, probe in probes.items()
        }
        workers |= {name: {"bindings": BINDINGS, "bucket": name} for name in ("main", "other", "volume")}
        workers["unbound"] = {"bindings": BINDINGS}
        for name in BINDINGS:
            bindings = {key: value for key, value in BINDINGS.items() if key != name}
            workers[f"without-{name}"] = {"bindings": bindings, "bucket": "main"}
        workers["climbs"] = {"bindings": {**BINDINGS, "KEY_TEMPLATE": "../{site}/{date}"}, "bucket": "main"}
        self._harness = Harness(folder, workers=workers, worker=find_bundle("query"), wrapper="query_probe.mjs")
        self.urls, self.http, self.control = self._harness.urls, self._harness.http, self._harness.control
        self.stop = self._harness.stop

    def store(self, worker: str, day: str, rows: Samples, *, raw: bytes | None = None, **custom: str | None) -> None:
        """Store a day as the backfill worker does. ``raw`` and metadata replace parts, and None leaves an entry out."""
        content = "".join(json.dumps(item, separators=(",", ":"), ensure_ascii=False) + "\n" for item in written(rows))
        times = [at for _, at, _ in rows]
        true: dict[str, str | None] = {"samples": str(len(rows))}
        true |= {"first": str(min(times)), "last": str(max(times))} if times else {}
        body = gzip.compress(content.encode()) if raw is None else raw
        key = TEMPLATE.replace("{site}", SITE).replace("{date}", day)
        kept = {name: value for name, value in (true | custom).items() if value is not None}
        self.control("put", worker=worker, key=key, body=base64.b64encode(body).decode(), custom=kept)

    def ask(self, worker: str = "main", **changes: Any) -> httpx.Response:
        params = {"site_name": SITE, "point_names": A, "start_time": ms(DAYS[0]), "end_time": ms(DAYS[1])}
        sent = {name: value for name, value in (params | changes).items() if value is not None}
        return self.http.get(f"{self.urls[worker]}/timeseries/query", params=sent)

    def whole(self, worker: str = "main", **changes: Any) -> dict[str, Any]:
        answer = self.ask(worker, **changes)
        assert answer.status_code == 200, answer.text
        body: dict[str, Any] = answer.json()
        assert body["count"] == len(body["samples"]) == sum(body["points"].values())
        return body

    def broken(self, worker: str, **changes: Any) -> str:
        """Return the text of an incomplete answer, which is not JSON. workerd ends its body as if it were complete."""
        answer = self.ask(worker, **{"end_time": ms(DAYS[2]), **changes})
        assert answer.status_code == 200
        with pytest.raises(json.JSONDecodeError):
            answer.json()
        return answer.text


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with tempfile.TemporaryDirectory(prefix="bv-query-") as folder:
        world = World(Path(folder))
        try:
            for name in ("main", "counted", "small", "body-hangs", "body-fails", "no-time", "short-lines"):
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
    assert answer.json() == {
        "site_name": SITE,
        "start_time": ms(DAYS[0]),
        "end_time": ms(DAYS[1]),
        "samples": written([sample for sample in hourly(DAYS[0]) if sample[0] == A]),
        "count": 24,
        "points": {A: 24},
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
    def calls(**changes: Any) -> Any:
        return json.loads(world.ask("counted", **changes).headers["X-R2-Calls"])

    day = calls()
    assert day["get"] == 1
    assert day["read"] > 0
    assert calls(start_time=ms(DAYS[0], 23) + 1) == {"get": 1}  # after the last sample
    assert calls(start_time=ms(DAYS[2]), end_time=ms(DAYS[3])) == {"get": 1}  # an empty day
    assert calls(end_time=ms(DAYS[1]) + 1)["get"] == 2


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
        ("end_time", ms(DAYS[0]) + 31 * DAY + 1, "is more than 31 days after start_time: split the request"),
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
    body = world.whole(start_time=ms(DAYS[0], 1), end_time=ms(DAYS[0], 1) + 31 * DAY)
    assert len(body["absent_days"]) == 32 - 4


@pytest.mark.parametrize("path", ["/", "/timeseries", "/timeseries/query/", "/trigger", "/status"])
def test_an_unknown_route_is_404(world: World, path: str) -> None:
    answer = world.http.get(world.urls["main"] + path)
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")


@pytest.mark.parametrize(("path", "allow"), [("/health", "GET, HEAD"), ("/timeseries/query", "GET")])
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


@pytest.mark.parametrize("worker", ["unbound", "climbs", *(f"without-{name}" for name in BINDINGS)])
def test_an_unusable_binding_is_unhealthy_and_no_data_is_served(world: World, worker: str) -> None:
    health = world.http.get(world.urls[worker] + "/health")
    assert (health.status_code, health.json()["status"]) == (503, "unhealthy")
    answer = world.ask(worker)
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "not_configured")
    assert "X-Data-Source" not in answer.headers


def test_failing_storage_is_unhealthy_and_an_error(world: World) -> None:
    assert world.http.get(world.urls["head-fails"] + "/health").status_code == 503
    answer = world.ask("get-fails")
    assert (answer.status_code, answer.json()["error"]["code"]) == (502, "storage")
    assert "R2 get of 2024-12-10 failed" in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"no gzip at all", "cannot be read: TypeError: Decompression failed."),
        (gzip.compress(b"no sample\n"), "holds a line that is not a sample"),
        (gzip.compress(b'{"point_name":"p","timestamp":1.5,"value":1}\n'), "holds a line that is not a sample"),
        (gzip.compress(b'{"point_name":"p","timestamp":1,"value":null}\n'), "holds a line that is not a sample"),
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
    for worker in ("get-hangs", "no-time"):
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


def test_large_days_are_served_within_the_time_limit(world: World) -> None:
    start = datetime.fromisoformat(DAYS[0])
    samples = [
        (f"ses/ses_falls_city/AHU-{n % 500}/VAV-{n % 500}.DaTemp", ms(DAYS[0]) + (n // 500) * 1000, 20 + n % 7)
        for n in range(100_000)
    ]
    for n in range(3):
        day = str((start + timedelta(days=n)).date())
        world.store("volume", day, [(name, at + n * DAY, value) for name, at, value in samples])
    body = world.whole("volume", point_names="VAV-77.DaTemp", end_time=ms(DAYS[3]))
    assert body["count"] == 600
