"""The bundled backfill worker in workerd: one process for the folder, with many workers and two versions of ACE.

`local` is the project's LocalAce, with the wire format and the cursor defect of the real one. `odd` returns the answers
that a test scripts, malformed ones included.
"""

from __future__ import annotations

import asyncio
import base64
import gzip
import json
import subprocess
import tempfile
import threading
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from aiohttp import web

from contract.operator_token import derive_operator_token
from rehearsal.ace import LocalAce
from rehearsal.ace.samples import Sample, SampleSource
from tests.fakes.volume import Volume

from .harness import ROOT, Harness, find_bundle

KEY = "fake-ace-key-for-tests"
START, MIDDLE, END = DAYS = ("2024-12-10", "2024-12-11", "2024-12-12")
MIDNIGHT = int(datetime.fromisoformat(START).replace(tzinfo=UTC).timestamp()) * 1000
TODAY = datetime.now(UTC).date()
RUNS = "_control/backfill/runs.json"
Rows = list[tuple[str, str, str]]
Script = Callable[[web.Request], "Awaitable[web.StreamResponse] | web.StreamResponse"]


class Few:
    """A source of exactly the given samples."""

    def __init__(self, *samples: Sample) -> None:
        self.points = sorted({sample.name for sample in samples})
        self._samples = sorted(samples, key=lambda sample: (sample.time, sample.name))

    def samples(self, start: datetime, end: datetime) -> list[Sample]:
        return [sample for sample in self._samples if start <= sample.time < end]


ODD_TIMES = Few(
    Sample("p", "1", datetime(2024, 12, 10)),  # noqa: DTZ001 - ACE's times are naive
    Sample("p", "2", datetime(2024, 12, 10, 0, 5, 0, 1)),  # noqa: DTZ001
    Sample("p", "3", datetime(2024, 12, 10, 0, 5, 0, 999)),  # noqa: DTZ001
    Sample("p", "4", datetime(2024, 12, 10, 0, 5, 0, 123_999)),  # noqa: DTZ001
    Sample("p", "5", datetime(2024, 12, 10, 23, 59, 59, 999_999)),  # noqa: DTZ001
    Sample("p", "6", datetime(2024, 12, 11)),  # noqa: DTZ001
)
SOURCES: Mapping[str, SampleSource] = {
    "volume": Volume(site="volume", count=7, interval=timedelta(minutes=30), odd_every=3, microseconds=True),
    "crowd": Volume(
        site="crowd", count=2_345, interval=timedelta(hours=8)
    ),  # more rows per timestamp than a page holds
    "times": ODD_TIMES,
}


class OddAce:
    """An ACE with scripted answers. ``requests`` has the path and the query of each request."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, dict[str, str]]] = []
        self.headers: list[dict[str, str]] = []
        self.script: Script = lambda request: page([])
        self.url = ""

    async def start(self) -> str:
        app = web.Application()
        app.router.add_route("*", "/{rest:.*}", self._serve)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self.url

    async def stop(self) -> None:
        await self._runner.cleanup()

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        self.requests.append((request.path, dict(request.query)))
        self.headers.append({name.lower(): value for name, value in request.headers.items()})
        answer = self.script(request)
        return answer if isinstance(answer, web.StreamResponse) else await answer

    @property
    def days(self) -> list[str]:
        return [query["start_time"][:10] for _, query in self.requests]


def row(name: str, value: str, time: str) -> dict[str, str]:
    return {"name": name, "value": value, "time": time}


def page(rows: list[Any], *, next_cursor: str | None = None, has_more: bool | None = None) -> web.Response:
    more = next_cursor is not None if has_more is None else has_more
    return web.json_response({"point_samples": rows, "next_cursor": next_cursor, "has_more": more})


def noon(request: web.Request) -> web.Response:
    """Return one row at noon of the requested day."""
    return page([row("p", "1.5", f"{request.query['start_time'][:10]}T12:00:00")])


def check_refusal(answer: httpx.Response, status: int, code: str) -> None:
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    assert answer.json()["status"] == "error"
    assert answer.headers["content-type"] == "application/json"


def cursor(offset: int, timestamp: str) -> str:
    return base64.b64encode(json.dumps({"offset": offset, "timestamp": timestamp}).encode()).decode()


def sites_of(*names: str, start: Any = START, end: str | None = END, **more: Any) -> str:
    """Return the text of the binding SITES, with the same days for each name."""
    last = {} if end is None else {"endDate": end}
    return json.dumps([{"name": name, "startDate": start, **last, **more} for name in names])


def bindings(url: str, **changes: Any) -> dict[str, Any]:
    """Return a worker's bindings in Miniflare's form. A change to None leaves a binding out."""
    declared = {
        "ACE_API_KEY": KEY,
        "ACE_BASE_URL": url,
        "SITES": sites_of("odd"),
        "SETTLE_HOURS": "0",
        "RECHECK_DAYS": "3",
        "DEAD_LETTER_QUEUE": "backfill-dead-days",
        "PAGE_SIZE": "10000",
        "KEY_TEMPLATE": "timeseries/{site}/{date}/data.ndjson.gz",
        "CF_VERSION_METADATA": {"id": "version-1", "tag": "bv:test", "timestamp": "2024-12-13T00:00:00Z"},
    }
    return {name: value for name, value in (declared | changes).items() if value is not None}


UNUSABLE: Mapping[str, dict[str, Any]] = {
    "sites-absent": {"SITES": None},
    "sites-empty": {"SITES": "[]"},
    "sites-twice": {"SITES": sites_of("odd", "odd")},
    "sites-twice-in-parts": {"SITES_2": sites_of("odd")},
    "sites-part-broken": {"SITES_2": "{"},
    "start-absent": {"SITES": sites_of("odd", start=None)},
    "start-not-a-date": {"SITES": sites_of("odd", start="2024-02-30")},
    "start-with-time": {"SITES": sites_of("odd", start="2024-12-10T00:00:00Z")},
    "end-empty": {"SITES": sites_of("odd", end="")},
    "end-before-start": {"SITES": sites_of("odd", end="2024-12-09")},
    "field-unknown": {"SITES": sites_of("odd", more=1)},
    "settle-absent": {"SETTLE_HOURS": None},
    "settle-large": {"SETTLE_HOURS": "73"},
    "recheck-large": {"RECHECK_DAYS": "31"},
    "queue-absent": {"DAYS": None},
    "dead-letters-absent": {"DEAD_LETTER_QUEUE": None},
    "page-size-small": {"PAGE_SIZE": "500"},
    "page-size-large": {"PAGE_SIZE": "300000"},
    "page-size-other": {"PAGE_SIZE": "1e4"},
    "site-empty": {"SITES": sites_of("")},
    "site-path": {"SITES": sites_of("a/b")},
    "url-absent": {"ACE_BASE_URL": None},
    "url-in-clear": {"ACE_BASE_URL": "http://ace.example"},
    "url-looks-local": {"ACE_BASE_URL": "http://127.0.0.1.ace.example"},
    "url-credentials": {"ACE_BASE_URL": "https://user@ace.example"},
    "url-slash": {"ACE_BASE_URL": "https://ace.example/"},
    "template-no-date": {"KEY_TEMPLATE": "timeseries/{site}/data"},
    "template-date-first": {"KEY_TEMPLATE": "{date}/{site}"},
    "template-adjacent": {"KEY_TEMPLATE": "{site}{date}"},
    "template-climbs": {"KEY_TEMPLATE": "../{site}/{date}"},
    "version-absent": {"CF_VERSION_METADATA": None},
}


def bundle(entry: str, folder: Path) -> str:
    """Bundle a module of the tests with the worker modules that it imports, and return the path."""
    source, bundled = Path(__file__).with_name(entry), folder / f"{entry}.js"
    esbuild = ROOT / "workers" / "node_modules" / ".bin" / "esbuild"
    options = ["--bundle", "--format=esm", "--target=esnext", "--log-level=warning", f"--outfile={bundled}"]
    subprocess.run([esbuild, source, *options], check=True)
    return str(bundled)


def declare(odd: str, local: str) -> dict[str, dict[str, Any]]:
    """Return every worker of the folder: name -> bindings, bucket and (wrapped) the probe around it."""
    yesterday = str(TODAY - timedelta(days=1))
    of_odd: dict[str, dict[str, Any]] = {
        "main": {},
        "open-end": {"SITES": sites_of("odd", start=str(TODAY - timedelta(days=2)), end=None)},
        "end-ahead": {"SITES": sites_of("odd", start=yesterday, end="2999-12-31")},
        "start-ahead": {"SITES": sites_of("odd", start=str(TODAY), end=None)},
        "settling": {"SITES": sites_of("odd", start=str(TODAY - timedelta(days=6)), end=None), "SETTLE_HOURS": "72"},
        "several": {"SITES": sites_of("odd", "even"), "SITES_2": sites_of("third", start=END)},
        "other-key": {"ACE_API_KEY": f" {KEY}\u00e9 "},
        "line-in-key": {"ACE_API_KEY": f"{KEY}\n{KEY}"},
        "no-key": {"ACE_API_KEY": None},
        "empty-key": {"ACE_API_KEY": ""},
        "blank-key": {"ACE_API_KEY": " \t\n"},
        "key-not-text": {"ACE_API_KEY": {"key": KEY}},
        "dashed": {"KEY_TEMPLATE": "raw/{site}-{date}.gz"},
        **UNUSABLE,
    }
    of_local = {name: {"SITES": sites_of(name), "PAGE_SIZE": "1000"} for name in SOURCES}
    of_local |= {
        "unknown-site": {"SITES": sites_of("elsewhere")},
        "wrong-key": {"SITES": sites_of("volume"), "ACE_API_KEY": "fake-other-key"},
    }
    probes: dict[str, dict[str, Any]] = {
        "counted": {},
        "quick": {"limits": {"answerMs": 300}},
        "narrow": {"limits": {"answerBytes": 2_000}},
        "hurried": {"limits": {"triggerMs": 250}},
        "idle": {"limits": {"triggerMs": 0}},
        "tight": {"limits": {"objectBytes": 400}},
        "paged": {"listLimit": 1},
        "put-fails": {"fail": "put"},
        "list-fails": {"fail": "list"},
        "head-fails": {"fail": "head"},
        "put-cut": {"fail": "put-cut"},
        "log-unreadable": {"logFail": {"method": "get", "times": 99, "message": "get: internal error (10001)"}},
        "log-unwritable": {"logFail": {"method": "put", "times": 99, "message": "put: internal error (10001)"}},
        "log-limited": {"logFail": {"method": "put", "times": 2, "message": "put: Reduce your rate (10058)"}},
    }
    workers: dict[str, dict[str, Any]] = {
        name: {"bindings": bindings(odd, **changes), "bucket": name} for name, changes in of_odd.items()
    }
    workers |= {name: {"bindings": bindings(local, **changes), "bucket": name} for name, changes in of_local.items()}
    workers |= {
        name: {"bindings": bindings(odd, PROBE=probe), "bucket": name, "wrapped": True}
        for name, probe in probes.items()
    }
    faulty = bindings(local, SITES=sites_of("times"), PROBE={})
    workers["faulty"] = {"bindings": faulty, "bucket": "faulty", "wrapped": True}
    workers["no-bucket"] = {"bindings": bindings(odd)}
    workers["queue-absent"]["producer"] = None
    workers["unbound"] = {"bindings": bindings(odd, CF_VERSION_METADATA=None)}  # as an upload outside Pulumi leaves it
    workers["bare"] = {"bindings": bindings(odd, CF_VERSION_METADATA=None, ACE_API_KEY=None)}
    return workers


class World:
    """workerd with its workers, and the two versions of ACE."""

    def __init__(self, folder: Path) -> None:
        self.odd = OddAce()
        self.local = LocalAce(key=KEY, sites=SOURCES)
        self.output = ""
        self._read = 0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        workers = declare(self._wait(self.odd.start()), self._wait(self.local.start()))
        workers["days"] = {"bindings": {"ACE_BASE_URL": self.odd.url}, "bucket": "days"}
        workers["days"]["source"] = bundle("day_probe.mjs", folder)
        self.harness = Harness(folder, workers=workers, worker=find_bundle("backfill"))
        self.urls, self.control = self.harness.urls, self.harness.control

    def stop(self) -> None:
        self.harness.stop()
        self._wait(self.odd.stop())
        self._wait(self.local.stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def _wait(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(20)

    def ask(self, worker: str, method: str, path: str, *, token: str | None = None) -> httpx.Response:
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        return self.harness.http.request(method, self.urls[worker] + path, headers=headers)

    def trigger(self, worker: str, *, key: str = KEY, query: str = "") -> httpx.Response:
        return self.ask(worker, "POST", f"/trigger{query}", token=derive_operator_token(key))

    def status(self, worker: str) -> dict[str, Any]:
        body: dict[str, Any] = self.ask(worker, "GET", "/status", token=derive_operator_token(KEY)).json()
        return body

    def keys(self, worker: str) -> list[str]:
        """Return the keys of the objects that are not control objects."""
        return [key for key in self.control("list", worker=worker) if not key.startswith("_control/")]

    def clear(self, worker: str) -> None:
        self.control("clear", worker=worker)

    def runs(self, worker: str) -> list[dict[str, Any]]:
        """Return the entries of the run log, newest first."""
        log = json.loads(self.stored(worker, RUNS)[1])
        assert log.keys() == {"schema", "runs"}
        assert log["schema"] == 1
        runs: list[dict[str, Any]] = log["runs"]
        return runs

    def put(self, worker: str, key: str, body: bytes = b"kept", *, custom: dict[str, str] | None = None) -> None:
        self.control("put", worker=worker, key=key, content=body, custom=custom or {})

    def stored(self, worker: str, key: str) -> tuple[dict[str, Any], bytes]:
        found = self.control("get", worker=worker, key=key)
        assert found is not None, f"{key} is not stored"
        return found, found["body"]

    def stored_text(self, worker: str, day: str = START, site: str = "odd") -> str:
        _, body = self.stored(worker, f"timeseries/{site}/{day}/data.ndjson.gz")
        return gzip.decompress(body).decode()

    def lines(self, worker: str, day: str = START, site: str = "odd") -> list[str]:
        return self.stored_text(worker, day, site).split("\n")[:-1]

    def logs(self, *expected: str) -> list[dict[str, Any]]:
        """Return the log lines since the last call, as soon as they contain each expected text."""
        deadline = time.monotonic() + 5
        while True:
            self.output += self.harness.read_logs()
            fresh = self.output[self._read :]
            if all(text in fresh for text in expected) and fresh.endswith("\n" if fresh else ""):
                self._read = len(self.output)
                return [json.loads(line) for line in fresh.splitlines() if line.startswith("{")]
            assert time.monotonic() < deadline, f"{expected} not in the logs:\n{fresh}"
            time.sleep(0.01)


@pytest.fixture(scope="session")
def world_of_workers() -> Iterator[World]:
    with tempfile.TemporaryDirectory(prefix="bv-worker-") as folder:
        world = World(Path(folder))
        try:
            yield world
            world.logs()
            assert KEY not in world.output
            assert derive_operator_token(KEY) not in world.output
        finally:
            world.stop()


@pytest.fixture
def world(world_of_workers: World) -> World:
    """The shared world, with both versions of ACE healthy and their records empty."""
    world_of_workers.odd.script = noon
    world_of_workers.odd.requests.clear()
    world_of_workers.odd.headers.clear()
    world_of_workers.local.fault = world_of_workers.local.network.fault = None
    world_of_workers.local.requests.clear()
    world_of_workers.logs()
    return world_of_workers


@pytest.fixture
def same_day() -> None:
    """Skip a test of the worker's calendar if midnight (UTC) has passed since TODAY was read."""
    if datetime.now(UTC).date() != TODAY:
        pytest.skip("midnight (UTC) has passed since the tests began")
