"""The local ACE answers as the real one was measured to; each of its faults breaks what it says."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import logging
import ssl
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rehearsal.ace import AceFault, LocalAce, RecordedRequest, Sample
from rehearsal.ace import window as ace_window
from rehearsal.ace.query import PAGE_SIZES, Cursor, Query, read
from rehearsal.ace.volume import Volume
from rehearsal.ace.weather import Weather

KEY = "fake-ace-key-for-tests"
SITE = "ses_falls_city"
PATH = f"/api/sites/{SITE}/timeseries/paginated"
WINDOW = {"start_time": "2024-12-10T00:00:00Z", "end_time": "2024-12-11T00:00:00Z", "raw_data": "true"}
QUARTER = {"start_time": "2024-12-10T00:00:00Z", "end_time": "2024-12-10T00:15:00Z", "raw_data": "true"}
BAD_KEY = {"message": "An unhandled exception occurred."}
NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # httpx would load all certificates for every client
Scenario = Callable[[LocalAce, httpx.AsyncClient], Awaitable[Any]]


class Listed:
    """A source of exactly these samples."""

    def __init__(self, *samples: tuple[str, str, str]) -> None:
        self._samples = [Sample(name, value, datetime.fromisoformat(at)) for name, value, at in samples]
        self.points = tuple(sorted({sample.name for sample in self._samples}))
        self.asked = 0

    def samples(self, start: datetime, end: datetime) -> list[Sample]:
        self.asked += 1
        return [sample for sample in self._samples if start <= sample.time < end]


def rehearse(scenario: Scenario, *, key: str = KEY, source: Any = None, **options: Any) -> Any:
    async def run() -> Any:
        sites = {SITE: Weather(site=SITE) if source is None else source}
        headers = {"Authorization": f"Bearer {key}"}
        async with (
            LocalAce(key=KEY, sites=sites, **options) as ace,
            httpx.AsyncClient(base_url=ace.url, headers=headers, verify=NO_TLS, trust_env=False) as client,
        ):
            return await scenario(ace, client)

    return asyncio.run(run())


def one(
    path: str = PATH, params: dict[str, str] | None = None, *, method: str = "GET", **options: Any
) -> httpx.Response:
    async def scenario(ace: LocalAce, client: httpx.AsyncClient) -> httpx.Response:
        ace.fault = fault
        ace.empty_is_404 = empty_is_404
        return await client.request(method, path, params=WINDOW if params is None else params)

    fault = options.pop("fault", None)
    empty_is_404 = options.pop("empty_is_404", False)
    answer: httpx.Response = rehearse(scenario, **options)
    return answer


# The schema


def test_a_page_has_exactly_the_wire_schema() -> None:
    body = one().json()
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
    body = one(params={**WINDOW, "page_size": "10"}).json()
    assert body["has_more"] is True
    assert json.loads(base64.b64decode(body["next_cursor"])) == {"offset": 10, "timestamp": "2024-12-10T00:00:00"}


def test_times_are_naive_and_keep_microseconds_and_values_keep_their_text() -> None:
    samples = [("ses/a", "1.6100000143051147", "2024-12-10T00:00:00.627593"), ("ses/b", "", "2024-12-10T00:01:00")]
    rows = one(source=Listed(*samples)).json()["point_samples"]
    assert [(row["name"], row["value"], row["time"]) for row in rows] == samples


def test_a_time_with_an_offset_is_the_same_instant() -> None:
    params = {**WINDOW, "start_time": "2024-12-09T19:00:00-05:00", "end_time": "2024-12-10T00:00:01"}
    assert {row["time"] for row in one(params=params).json()["point_samples"]} == {"2024-12-10T00:00:00"}


def test_raw_data_false_is_the_default_and_gives_five_minute_buckets() -> None:
    source = Listed(
        ("ses/a", "1", "2024-12-10T00:05:01"), ("ses/b", "9", "2024-12-10T00:06:00"),
        ("ses/a", "2", "2024-12-10T00:09:59.5"), ("ses/a", "3", "2024-12-10T00:10:00"),
    )  # fmt: skip
    params = {name: value for name, value in WINDOW.items() if name != "raw_data"}
    buckets = one(params=params, source=source).json()["point_samples"]
    assert buckets == one(params={**WINDOW, "raw_data": "false"}, source=source).json()["point_samples"]
    assert [(row["name"], row["value"], row["time"][11:]) for row in buckets] == [
        ("ses/a", "2", "00:05:00"), ("ses/b", "9", "00:05:00"), ("ses/a", "3", "00:10:00"),
    ]  # fmt: skip
    assert len(one(source=source).json()["point_samples"]) == 4


def test_raw_rows_and_buckets_of_one_window_are_kept_apart() -> None:
    async def scenario(ace: LocalAce, client: httpx.AsyncClient) -> list[int]:
        answers = [await client.get(PATH, params={**WINDOW, "raw_data": raw}) for raw in ("true", "false", "true")]
        return [len(answer.json()["point_samples"]) for answer in answers]

    source = Listed(("ses/a", "1", "2024-12-10T00:05:01"), ("ses/a", "2", "2024-12-10T00:06:00"))
    assert rehearse(scenario, source=source) == [2, 1, 2]


def test_hourly_measurements_are_the_same_raw_and_in_buckets() -> None:
    assert one().json() == one(params={**WINDOW, "raw_data": "false"}).json()


def test_ten_thousand_rows_are_the_default_page() -> None:
    body = one(source=Volume(site=SITE, count=3_400), params=QUARTER).json()
    assert (len(body["point_samples"]), body["has_more"]) == (10_000, True)


@pytest.mark.parametrize("size", PAGE_SIZES)
def test_every_page_size_of_the_enum(size: int) -> None:
    rows = one(params={**WINDOW, "page_size": str(size)}).json()["point_samples"]
    assert len(rows) == min(size, 24 * 14)


# The status table


def test_no_authorization_is_401() -> None:
    async def scenario(ace: LocalAce, client: httpx.AsyncClient) -> list[httpx.Response]:
        del client.headers["Authorization"]
        basic = {"Authorization": f"Basic {KEY}"}
        return [await client.get(PATH, params=WINDOW), await client.get(PATH, params=WINDOW, headers=basic)]

    for answer in rehearse(scenario):
        assert answer.status_code == 401
        assert list(answer.json()) == ["message"]


@pytest.mark.parametrize("key", ["undefined", "fake-ace-key-for-test", KEY + "s", KEY.upper()])
def test_a_wrong_key_is_500_with_the_message(key: str) -> None:
    answer = one(key=key)
    assert (answer.status_code, answer.json()) == (500, BAD_KEY)


def test_a_wrong_key_that_is_no_utf8_is_500_too() -> None:
    async def scenario(ace: LocalAce, client: httpx.AsyncClient) -> httpx.Response:
        return await client.get(PATH, params=WINDOW, headers=[(b"Authorization", b"Bearer \xff\xfe")])

    assert rehearse(scenario).status_code == 500


def test_an_unknown_site_is_403_with_an_all_null_site() -> None:
    answer = one("/api/sites/another/timeseries/paginated")
    assert answer.status_code == 403
    assert {"id", "name", "client"} <= set(answer.json())
    assert set(answer.json().values()) == {None}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("page_size", "1001"), ("page_size", "20000"), ("page_size", "x"), ("page_size", ""), ("page_size", "-10"),
        ("start_time", "yesterday"), ("start_time", ""), ("end_time", "1702137600000"), ("raw_data", "perhaps"),
        ("cursor", "!"), ("cursor", "e30="), ("cursor", "WzFd"), ("cursor", "MQ=="),
        ("cursor", base64.b64encode(b'{"offset":-1,"timestamp":"2024-12-10"}').decode()),
        ("cursor", base64.b64encode(b'{"offset":1,"timestamp":7}').decode()),
        ("cursor", base64.b64encode(b'{"offset":true,"timestamp":"2024-12-10"}').decode()),
    ],
)  # fmt: skip
def test_a_bad_parameter_is_400_and_named(name: str, value: str) -> None:
    answer = one(params={**WINDOW, name: value})
    assert answer.status_code == 400
    assert answer.json()["message"] == "Input payload validation failed"
    assert list(answer.json()["errors"]) == [name]


def test_all_bad_parameters_are_named_at_once() -> None:
    answer = one(params={"page_size": "7"})
    assert answer.status_code == 400
    assert set(answer.json()["errors"]) == {"start_time", "end_time", "page_size"}


def test_a_key_is_looked_at_before_parameters_and_parameters_before_the_site() -> None:
    unknown = "/api/sites/another/timeseries/paginated"
    assert one(unknown, params={}, key="undefined").status_code == 500
    assert one(unknown, params={}).status_code == 400


def test_an_empty_window_is_200_and_404_on_request() -> None:
    empty = one(source=Listed())
    assert (empty.status_code, empty.json()) == (200, {"point_samples": [], "next_cursor": None, "has_more": False})
    absent = one(source=Listed(), empty_is_404=True)
    assert (absent.status_code, absent.json()) == (404, {"message": "No data for time period"})


@pytest.mark.parametrize("path", ["/", "/api/sites", f"/api/sites/{SITE}", PATH + "/", "/health"])
def test_an_unknown_path_is_404_json(path: str) -> None:
    answer = one(path)
    assert (answer.status_code, list(answer.json())) == (404, ["message"])


def test_another_method_is_405() -> None:
    assert one(method="POST").status_code == 405


# The cursor's defect


async def walk(client: httpx.AsyncClient, size: int, *, repair: bool) -> tuple[int, list[tuple[str, str]], bool]:
    """Return pages, rows, and whether the walk ended by itself and not by a repeated cursor."""
    cursor, pages, rows = None, 0, []
    while True:
        params = {**QUARTER, "page_size": str(size), **({"cursor": cursor} if cursor else {})}
        body = (await client.get(PATH, params=params)).json()
        pages += 1
        rows += [(row["name"], row["time"]) for row in body["point_samples"]]
        if not body["has_more"]:
            return pages, rows, True
        following = repaired(body["point_samples"], cursor) if repair else body["next_cursor"]
        if following == cursor:
            return pages, rows, False
        cursor = following


def repaired(rows: list[dict[str, str]], cursor: str | None) -> str:
    """Return the next cursor as a client computes it that does not trust the server's."""
    last = rows[-1]["time"]
    offset = sum(row["time"] == last for row in rows)
    if cursor is not None:
        incoming = json.loads(base64.b64decode(cursor))
        offset += incoming["offset"] if incoming["timestamp"] == last else 0
    return Cursor(offset=offset, time=datetime.fromisoformat(last)).encode()


def measured_window(size: int, *, repair: bool, quirks: bool = True) -> tuple[int, int, int, bool]:
    """Walk 3,222 rows, 1,074 points in three buckets, as in the measurement; return pages, rows, distinct, end."""

    async def scenario(ace: LocalAce, client: httpx.AsyncClient) -> tuple[int, int, int, bool]:
        pages, rows, ended = await walk(client, size, repair=repair)
        return pages, len(rows), len(set(rows)), ended

    result: tuple[int, int, int, bool] = rehearse(scenario, source=Volume(site=SITE, count=1_074), quirks=quirks)
    return result


@pytest.mark.parametrize(("size", "rows"), [(50, 100), (100, 200), (500, 1_000)])
def test_the_servers_own_cursor_stalls_where_it_was_measured_to(size: int, rows: int) -> None:
    assert measured_window(size, repair=False) == (2, rows, rows, False)


def test_a_page_of_1000_gets_all_in_four_pages() -> None:
    assert measured_window(1_000, repair=False) == (4, 3_222, 3_222, True)


@pytest.mark.parametrize(("size", "pages"), [(50, 65), (100, 33), (500, 7), (1_000, 4), (5_000, 1)])
def test_the_repaired_cursor_gets_all(size: int, pages: int) -> None:
    assert measured_window(size, repair=True) == (pages, 3_222, 3_222, True)


@pytest.mark.parametrize(("size", "pages"), [(50, 65), (500, 7), (1_000, 4)])
def test_without_quirks_the_servers_own_cursor_gets_all(size: int, pages: int) -> None:
    assert measured_window(size, repair=False, quirks=False) == (pages, 3_222, 3_222, True)


def test_a_page_that_ends_with_the_window_is_the_last() -> None:
    body = one(params={**QUARTER, "page_size": "100"}, source=Volume(site=SITE, count=100, interval=timedelta(hours=1)))
    assert (len(body.json()["point_samples"]), body.json()["has_more"]) == (100, False)


def test_a_cursor_beyond_the_end_gives_an_empty_last_page() -> None:
    cursor = Cursor(offset=5, time=datetime(2024, 12, 12, tzinfo=UTC).replace(tzinfo=None)).encode()
    body = one(params={**WINDOW, "cursor": cursor}).json()
    assert body == {"point_samples": [], "next_cursor": None, "has_more": False}


def test_the_source_is_asked_once_for_all_pages_of_a_window() -> None:
    source = Listed(*[(f"ses/{number:02}", "1", "2024-12-10T00:00:00") for number in range(30)])

    async def scenario(ace: LocalAce, client: httpx.AsyncClient) -> None:
        for offset in range(0, 30, 3):
            cursor = Cursor(offset=offset, time=datetime.fromisoformat("2024-12-10")).encode()
            await client.get(PATH, params={**WINDOW, "page_size": "3", "cursor": cursor})

    rehearse(scenario, source=source)
    assert source.asked == 1


def test_windows_beyond_the_budget_are_forgotten_oldest_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ace_window, "KEPT_ROWS", 3)
    source = Listed(*[("ses/a", "1", f"2024-12-{day}") for day in (10, 11)], ("ses/b", "1", "2024-12-10"))
    windows = ace_window.Windows()

    def asked(day: int) -> int:
        windows.rows(SITE, source, read({"start_time": f"2024-12-{day}", "end_time": f"2024-12-{day + 1}"}))
        return source.asked

    assert [asked(10), asked(11), asked(10), asked(11)] == [1, 2, 2, 2]  # 2 + 1 rows: both are kept
    monkeypatch.setattr(ace_window, "KEPT_ROWS", 2)
    assert [asked(11), asked(10), asked(11)] == [2, 3, 4]


@settings(deadline=None)
@given(
    buckets=st.lists(st.integers(1, 40), min_size=1, max_size=8),
    size=st.sampled_from([3, 10, 50]),
    quirks=st.booleans(),
    data=st.data(),
)
def test_any_window_is_walked_whole_by_repair_or_without_quirks(
    buckets: list[int], size: int, data: st.DataObject, *, quirks: bool
) -> None:
    minute = timedelta(minutes=1)
    begin = datetime.fromisoformat("2024-12-10")
    rows = [Sample(f"ses/{n:02}", "1", begin + tick * minute) for tick, many in enumerate(buckets) for n in range(many)]
    repair = quirks or data.draw(st.booleans())
    cursor: Cursor | None = None
    got: list[Sample] = []
    while True:
        query = Query(start=begin, end=begin + 9 * minute, page_size=size, raw=True, cursor=cursor)
        page = ace_window.page(rows, query, quirks=quirks)
        got += page.rows
        if page.next_cursor is None:
            break
        wire = [{"time": row.time.isoformat()} for row in page.rows]
        text = repaired(wire, cursor.encode() if cursor else None) if repair else page.next_cursor.encode()
        cursor = Cursor.decode(text)
    assert got == rows


# The faults


def test_faults_are_named_as_the_command_line_names_them() -> None:
    assert set(AceFault) == {
        "down", "wrong-shape", "stall", "rate-limited", "slow", "truncated", "expired", "reset", "html",
    }  # fmt: skip


def test_down_is_503_with_a_proxys_html_even_for_a_wrong_key() -> None:
    answer = one(fault=AceFault.DOWN, key="undefined")
    assert answer.status_code == 503
    assert answer.headers["Content-Type"].startswith("text/html")


def test_html_is_200_without_json() -> None:
    answer = one(fault=AceFault.HTML)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/html")
    with pytest.raises(ValueError, match="Expecting value"):
        answer.json()


def test_rate_limited_is_429_with_retry_after() -> None:
    answer = one(fault=AceFault.RATE_LIMITED)
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "1")


def test_expired_is_401_and_a_wrong_key_stays_500() -> None:
    assert (one(fault=AceFault.EXPIRED).status_code, one(fault=AceFault.EXPIRED, key="x").status_code) == (401, 500)


def test_wrong_shape_has_the_rows_under_data() -> None:
    body = one(fault=AceFault.WRONG_SHAPE).json()
    assert (set(body), len(body["data"])) == ({"data", "next_cursor", "has_more"}, 24 * 14)


def test_reset_resets_the_connection() -> None:
    with pytest.raises(httpx.ReadError):
        one(fault=AceFault.RESET)


def test_truncated_ends_before_the_announced_length() -> None:
    with pytest.raises(httpx.RemoteProtocolError, match="without sending complete message body"):
        one(fault=AceFault.TRUNCATED)


def test_truncated_leaves_refusals_whole() -> None:
    assert one(fault=AceFault.TRUNCATED, key="x").json() == BAD_KEY


@pytest.mark.parametrize("repair", [True, False])
def test_stall_repeats_page_and_cursor_whatever_the_client_sends(*, repair: bool) -> None:
    async def scenario(ace: LocalAce, client: httpx.AsyncClient) -> list[Any]:
        ace.fault = AceFault.STALL
        bodies, cursor = [], None
        for _ in range(3):
            params = {**QUARTER, "page_size": "1000", **({"cursor": cursor} if cursor else {})}
            bodies.append((await client.get(PATH, params=params)).json())
            cursor = repaired(bodies[-1]["point_samples"], cursor) if repair else bodies[-1]["next_cursor"]
        return bodies

    first, second, third = rehearse(scenario, source=Volume(site=SITE, count=1_074))
    assert first == second == third
    assert first["has_more"] is True


def test_stall_of_an_empty_window_promises_more_for_ever() -> None:
    body = one(fault=AceFault.STALL, source=Listed()).json()
    assert (body["point_samples"], body["has_more"]) == ([], True)


def test_slow_and_latency_delay_the_right_answer() -> None:
    async def scenario(ace: LocalAce, client: httpx.AsyncClient) -> list[float]:
        ace.slow_seconds, taken = 0.1, []
        for fault, latency in ((None, 0.0), (None, 0.1), (AceFault.SLOW, 0.0), (AceFault.SLOW, 0.1)):
            ace.fault, ace.latency = fault, latency
            begin = time.perf_counter()
            answer = await client.get(PATH, params=WINDOW)
            taken.append(time.perf_counter() - begin)
            assert len(answer.json()["point_samples"]) == 24 * 14
        assert ace.met == 3  # of four: the first met neither
        ace.restore()
        assert ace.met == 0
        return taken

    none, latency, slow, both = rehearse(scenario)
    assert none < both
    assert min(latency, slow) >= 0.1
    assert both >= 0.2


def test_a_fault_begins_and_ends_while_it_runs() -> None:
    async def scenario(ace: LocalAce, client: httpx.AsyncClient) -> list[int]:
        codes = []
        for fault in (None, AceFault.DOWN, None):
            ace.fault = fault
            codes.append((await client.get(PATH, params=WINDOW)).status_code)
        return codes

    assert rehearse(scenario) == [200, 503, 200]


def test_stopping_does_not_wait_for_slow_answers() -> None:
    async def scenario(ace: LocalAce, client: httpx.AsyncClient) -> float:
        ace.fault, ace.slow_seconds = AceFault.SLOW, 60.0
        pending = asyncio.ensure_future(client.get(PATH, params=WINDOW))
        await asyncio.sleep(0.05)
        begin = time.perf_counter()
        await ace.stop()
        with pytest.raises(httpx.TransportError):
            await pending
        return time.perf_counter() - begin

    assert rehearse(scenario) < 2.0


# What it records, and what it never shows


def test_requests_are_recorded_with_the_status_that_they_got() -> None:
    async def scenario(ace: LocalAce, client: httpx.AsyncClient) -> list[RecordedRequest]:
        await client.get(PATH, params=WINDOW)
        await client.get("/nowhere", params={"token": KEY})
        ace.fault = AceFault.RESET
        with pytest.raises(httpx.ReadError):
            await client.get(PATH)
        return ace.requests

    assert rehearse(scenario) == [
        RecordedRequest(method="GET", path=PATH, query=WINDOW, status=200),
        RecordedRequest(method="GET", path="/nowhere", query={"token": "…"}, status=404),
        RecordedRequest(method="GET", path=PATH, query={}, status=None),
    ]


def test_the_key_is_in_no_repr_log_record_or_attribute(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)

    async def scenario(ace: LocalAce, client: httpx.AsyncClient) -> str:
        for fault in (None, *AceFault):
            ace.fault, ace.slow_seconds = fault, 0.0
            with contextlib.suppress(httpx.TransportError):
                await client.get(PATH, params=WINDOW)
        return f"{ace!r} {ace.requests!r} {vars(ace)!r}"

    shown = rehearse(scenario)
    assert KEY not in shown
    assert "Bearer" not in shown
    assert "2024-12-10" in shown
    assert not [record for record in caplog.records if KEY in record.getMessage() and record.name.startswith("aiohttp")]
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


def test_it_listens_on_loopback_only_and_has_no_url_when_stopped() -> None:
    async def run() -> str:
        ace = LocalAce(key=KEY, sites={})
        with pytest.raises(RuntimeError, match="not running"):
            _ = ace.url
        url = await ace.start()
        assert ace.url == url
        await ace.stop()
        await ace.stop()
        with pytest.raises(RuntimeError, match="not running"):
            _ = ace.url
        return url

    assert asyncio.run(run()).startswith("http://127.0.0.1:")


def test_an_empty_key_is_refused() -> None:
    with pytest.raises(ValueError, match="not empty"):
        LocalAce(key="", sites={})


@pytest.mark.untraced
def test_half_a_million_rows_in_pages_of_100000() -> None:
    async def scenario(ace: LocalAce, client: httpx.AsyncClient) -> tuple[int, int]:
        cursor, pages, rows = None, 0, 0
        while True:
            params = {**WINDOW, "page_size": "100000", **({"cursor": cursor} if cursor else {})}
            body = (await client.get(PATH, params=params, timeout=20)).json()
            pages, rows, cursor = pages + 1, rows + len(body["point_samples"]), body["next_cursor"]
            if not body["has_more"]:
                return pages, rows

    begin = time.perf_counter()
    assert rehearse(scenario, source=Volume(site=SITE, count=1_737)) == (6, 500_256)
    assert time.perf_counter() - begin < 20
