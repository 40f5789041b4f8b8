"""The run log of the backfill worker: one object, written at the start and at the end of each cron and each trigger."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from aiohttp import web

from contract.operator_token import derive_operator_token

from .conftest import KEY, RUNS, World, noon

FIELDS = {
    "id", "trigger", "started_at", "ended_at", "worker_version", "planned", "queued", "failed", "stored", "rechecked",
    "kept", "samples_written", "error",
}  # fmt: skip
Answer = Callable[[web.Request], Awaitable[web.Response]]


def entry(number: int, **changes: Any) -> dict[str, Any]:
    """Return an older entry as the worker writes it."""
    at = f"2024-12-20T{number // 60:02}:{number % 60:02}:00.000Z"
    run = {"id": f"run-{number}", "trigger": "cron", "started_at": at, "ended_at": at, "worker_version": "version-0"}
    return run | {"planned": 0, "stored": 0, "rechecked": 0, "samples_written": 0, "error": None} | changes


def put_log(world: World, worker: str, *runs: dict[str, Any]) -> None:
    world.put(worker, RUNS, json.dumps({"schema": 1, "runs": runs}).encode())


def meanwhile(action: Callable[[], Any]) -> Answer:
    """Return ACE's answers, and do something before the first one."""
    left = [action]

    async def answer(request: web.Request) -> web.Response:
        if left:
            await asyncio.to_thread(left.pop())
        return noon(request)

    return answer


def test_a_run_is_logged_at_its_start_and_at_its_end(world: World) -> None:
    seen: list[list[dict[str, Any]]] = []

    def look() -> None:
        deadline = time.monotonic() + 5  # the batch does not wait for the log
        while RUNS not in world.control("list", worker="counted"):
            assert time.monotonic() < deadline, "the start is not logged"
        seen.append(world.runs("counted"))

    world.clear("counted")
    world.odd.script = meanwhile(look)
    before = datetime.now(UTC)
    answer = world.trigger("counted")
    counted = json.loads(answer.headers["x-r2-calls"])
    assert {name: count for name, count in counted.items() if "log" in name} == {"log-get": 1, "log-put": 2}
    [run] = world.runs("counted")
    assert run.keys() == FIELDS
    started, ended = (datetime.fromisoformat(run.pop(name)) for name in ("started_at", "ended_at"))
    assert before.replace(microsecond=0) <= started <= ended <= datetime.now(UTC)
    done = {"trigger": "http", "worker_version": "version-1", "planned": 3, "queued": None, "failed": 0, "stored": 3}
    assert run == {"id": run["id"], "rechecked": 0, "kept": 0, "samples_written": 3, "error": None, **done}
    [[start]] = seen
    assert (start["id"], start["ended_at"], start["planned"], start["stored"]) == (run["id"], None, None, 0)


def test_a_cron_is_logged_with_the_days_that_it_sent(world: World) -> None:
    world.clear("main")
    world.control("cron", worker="main")
    world.trigger("main")
    world.control("cron", worker="main")
    newest, batch, oldest = world.runs("main")
    assert [run["trigger"] for run in (newest, batch, oldest)] == ["cron", "http", "cron"]
    assert [oldest["planned"], oldest["queued"], oldest["stored"]] == [3, 3, 0]
    assert [newest["planned"], newest["queued"], newest["stored"]] == [0, 0, 3]
    assert oldest["ended_at"] <= newest["started_at"]


def test_a_failed_run_is_logged_with_its_error(world: World) -> None:
    world.clear("main")
    world.odd.script = lambda request: web.Response(status=401, text=f"{KEY} is refused")
    world.trigger("main")
    [run] = world.runs("main")
    assert (run["error"]["code"], run["planned"], run["stored"]) == ("upstream_auth", 3, 0)
    assert run["ended_at"] is not None
    assert KEY not in world.stored("main", RUNS)[1].decode()


def test_a_cron_without_its_bindings_is_logged_where_the_bucket_is_usable(world: World) -> None:
    for worker, version in (("no-key", "version-1"), ("version-absent", "")):
        world.clear(worker)
        assert world.control("cron", worker=worker)["outcome"] == "exception"
        [run] = world.runs(worker)
        assert (run["error"]["code"], run["planned"], run["worker_version"]) == ("not_configured", None, version)
        assert world.ask(worker, "POST", "/trigger").status_code in (401, 503)  # it writes nothing
        assert len(world.runs(worker)) == 1
    assert world.control("cron", worker="no-bucket")["outcome"] == "exception"


def test_runs_that_start_at_the_same_time_lose_no_entry(world: World) -> None:
    world.clear("main")
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(world.trigger, ["main"] * 4))
    runs = world.runs("main")
    assert len({run["id"] for run in runs}) == 4
    assert all(run["ended_at"] for run in runs)
    assert sum(run["stored"] for run in runs) == sum(run["samples_written"] for run in runs) == 3
    assert [run["started_at"] for run in runs] == sorted((run["started_at"] for run in runs), reverse=True)


def test_an_entry_that_was_written_between_start_and_end_remains(world: World) -> None:
    world.clear("main")
    world.odd.script = meanwhile(lambda: put_log(world, "main", entry(1), *world.runs("main")))
    world.trigger("main")
    newest, other = world.runs("main")
    assert (newest["trigger"], newest["stored"], other) == ("http", 3, entry(1))


def test_the_log_keeps_the_newest_200_runs(world: World) -> None:
    world.clear("main")
    put_log(world, "main", *(entry(number) for number in reversed(range(200))))
    world.trigger("main")
    runs = world.runs("main")
    assert len(runs) == 200
    assert (runs[0]["trigger"], runs[1]["id"], runs[-1]["id"]) == ("http", "run-199", "run-1")


@pytest.mark.parametrize(
    "content",
    [b"", b"not JSON", b"\xff\xfe", b"[]", b'{"schema":2,"runs":[]}', b'{"schema":1,"runs":[null]}', b" " * 2**21],
    ids=["empty", "text", "binary", "list", "other-schema", "no-runs", "large"],
)
def test_a_log_that_cannot_be_read_is_kept_aside_and_stops_nothing(world: World, content: bytes) -> None:
    world.clear("main")
    world.put("main", RUNS, content)
    assert world.status("main")["last_run"] is None
    assert world.stored("main", RUNS)[1] == content  # GET /status writes nothing
    assert world.trigger("main").json()["status"] == "complete"
    assert len(world.keys("main")) == 3
    assert [run["stored"] for run in world.runs("main")] == [3]
    [line] = [line for line in world.logs("Run log unreadable") if "copy" in line]
    assert world.stored("main", line["copy"])[1] == content


@pytest.mark.parametrize("worker", ["log-unreadable", "log-unwritable"])
def test_a_fault_of_the_log_does_not_stop_the_copying(world: World, worker: str) -> None:
    world.clear(worker)
    answer = world.trigger(worker)
    assert (answer.json()["status"], len(world.keys(worker))) == ("complete", 3)
    [start, end] = [line for line in world.logs("Batch ended") if line["message"] == "[Backfill] Run log not written"]
    assert (start["run"]["ended_at"], end["run"]["stored"]) == (None, 3)
    assert "(10001)" in end["reason"]
    assert world.ask(worker, "GET", "/status", token=derive_operator_token(KEY)).status_code == 200


def test_a_write_that_r2_limits_is_repeated_later(world: World) -> None:
    """R2 accepts one write a second to one object, and refuses another with 10058."""
    world.clear("log-limited")
    assert world.trigger("log-limited").json()["status"] == "complete"
    assert [run["stored"] for run in world.runs("log-limited")] == [3]


def test_the_last_error_comes_from_the_log(world: World) -> None:
    """Case C16: GET /status names the time of the last error, and the last run tells that it was cured."""
    failed = entry(1, error={"code": "upstream_contract", "message": "why"})
    world.clear("main")
    assert (world.status("main")["last_error"], world.status("main")["last_run"]) == (None, None)
    put_log(world, "main", entry(3, ended_at=None), entry(2), failed)
    status = world.status("main")
    assert status["last_error"] == {"code": "upstream_contract", "message": "why", "at": failed["ended_at"]}
    assert status["last_run"] == entry(3, ended_at=None)
    world.odd.script = lambda request: web.Response(status=401)
    world.trigger("main")
    status = world.status("main")
    assert (status["last_error"]["code"], status["last_error"]["at"]) == (
        "upstream_auth",
        status["last_run"]["ended_at"],
    )


def test_a_run_without_its_client_is_logged_to_its_end(world: World) -> None:
    async def slow(request: web.Request) -> web.Response:
        await asyncio.sleep(0.1)
        return noon(request)

    world.clear("main")
    world.odd.script = slow
    headers = {"Authorization": f"Bearer {derive_operator_token(KEY)}"}
    with pytest.raises(httpx.ReadTimeout):
        world.harness.http.post(f"{world.urls['main']}/trigger", headers=headers, timeout=0.05)
    world.logs("Batch ended")
    [run] = world.runs("main")
    assert (run["stored"], run["ended_at"] is None) == (3, False)
