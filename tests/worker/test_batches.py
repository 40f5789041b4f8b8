"""The order, the end and the concurrency of batches."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import httpx
import pytest
from aiohttp import web

from contract.operator_token import derive_operator_token

from .conftest import DAYS, END, KEY, MIDDLE, START, TODAY, World, cursor, noon, page, row
from .harness import ROOT


def key(day: str) -> str:
    return f"timeseries/odd/{day}/data.ndjson.gz"


def calls(answer: httpx.Response) -> dict[str, int]:
    """Return the calls of R2 without those for control objects."""
    counts: dict[str, int] = json.loads(answer.headers["x-r2-calls"])
    return {name: count for name, count in counts.items() if not name.startswith(("control-", "log-"))}


def test_a_batch_copies_the_missing_days_only(world: World) -> None:
    world.clear("counted")
    world.put("counted", key(MIDDLE), b"kept")
    answer = world.trigger("counted")
    assert answer.json()["progress"] == {
        "current_site": "odd",
        "current_date": END,
        "days_complete": 3,
        "days_total": 3,
        "samples_fetched": 2,
        "samples_written": 2,
    }
    assert world.odd.days == [START, END]
    assert world.stored("counted", key(MIDDLE))[1] == b"kept"
    assert calls(answer) == {"list": 1, "head": 2, "put": 2}


def test_a_batch_without_missing_days_makes_one_list_call(world: World) -> None:
    world.clear("counted")
    world.trigger("counted")
    world.odd.requests.clear()
    answer = world.trigger("counted")
    assert (answer.json()["status"], answer.json()["continuation"]) == ("complete", False)
    assert (calls(answer), world.odd.requests) == ({"list": 1}, [])


def test_every_page_of_a_list_is_read(world: World) -> None:
    world.clear("paged")
    for day in DAYS:
        world.put("paged", key(day))
    answer = world.trigger("paged")
    assert answer.json()["progress"]["days_complete"] == 3
    assert (calls(answer), world.odd.requests) == ({"list": 3}, [])


def test_status_has_the_same_progress_and_sends_no_request_to_ace(world: World) -> None:
    world.clear("counted")
    before = world.status("counted")
    assert before["progress"]["current_date"] == START
    assert (before["status"], before["continuation"], before["progress"]["days_complete"]) == ("in_progress", True, 0)
    assert world.odd.requests == []
    done = world.trigger("counted").json()
    after = world.status("counted")
    assert {name: done.pop(name) for name in ("failed", "waiting", "busy")} == {"failed": [], "waiting": 0, "busy": 0}
    assert {name: after[name] for name in done} == done
    assert (after["status"], set(after) - set(done)) == ("complete", {"last_error", "last_run", "paused", "sites"})


def test_two_concurrent_triggers_write_each_day_once(world: World) -> None:
    async def slow(request: web.Request) -> web.Response:
        await asyncio.sleep(0.15)
        return noon(request)

    world.clear("main")
    world.odd.script = slow
    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(world.trigger, ["main", "main"])
    assert {answer.status_code for answer in (first, second)} == {200}
    written = [answer.json()["progress"]["samples_written"] for answer in (first, second)]
    assert sum(written) == 3
    assert sorted(world.odd.days) == list(DAYS)  # a day that one batch copies is no work for the other
    lines = world.logs("Batch ended", "Data written")
    keys = [line["key"] for line in lines if line["message"] == "[Backfill] Data written to R2"]
    assert sorted(keys) == [key(day) for day in DAYS]


def test_a_day_that_another_run_stored_is_not_requested(world: World) -> None:
    async def stored_meanwhile(request: web.Request) -> web.Response:
        await asyncio.to_thread(world.put, "counted", key(MIDDLE), b"theirs")
        return noon(request)

    world.clear("counted")
    world.odd.script = stored_meanwhile
    assert world.trigger("counted").json()["progress"]["days_complete"] == 3
    assert world.odd.days == [START, END]
    assert world.stored("counted", key(MIDDLE))[1] == b"theirs"


def test_an_object_that_another_run_wrote_first_remains(world: World) -> None:
    async def beaten(request: web.Request) -> web.Response:
        day = request.query["start_time"][:10]
        await asyncio.to_thread(world.put, "counted", key(day), b"theirs")
        return noon(request)

    world.clear("counted")
    world.odd.script = beaten
    answer = world.trigger("counted").json()
    assert answer["status"] == "complete"
    assert (answer["progress"]["samples_fetched"], answer["progress"]["samples_written"]) == (3, 0)
    assert [world.stored("counted", key(day))[1] for day in DAYS] == [b"theirs"] * 3


def endless() -> Callable[[web.Request], Awaitable[web.Response]]:
    """Returns pages without end: two at once, and each later one after the limit of `hurried` (0.25 s)."""
    numbers = itertools.count()

    async def answer(request: web.Request) -> web.Response:
        number = next(numbers)
        await asyncio.sleep(0.3 if number >= 2 else 0)
        time = f"{request.query['start_time'][:10]}T{number // 60:02}:{number % 60:02}:00"
        return page([row("p", "1", time)], next_cursor=cursor(1, time))

    return answer


def test_an_unfinished_day_is_not_written_and_begins_again_later(world: World) -> None:
    world.clear("hurried")
    world.odd.script = endless()
    answer = world.trigger("hurried").json()
    assert answer["status"] == "in_progress"
    assert answer["unfinished"] == START
    assert "cron" in answer["message"]
    assert answer["continuation"] is True
    assert answer["progress"]["days_complete"] == answer["progress"]["samples_written"] == 0
    assert answer["progress"]["samples_fetched"] == len(world.odd.requests) == 3
    assert world.keys("hurried") == []
    world.odd.script = noon
    assert world.trigger("hurried").json()["progress"]["days_complete"] > 0
    assert START in world.keys("hurried")[0]


def test_no_page_is_requested_after_the_deadline(world: World) -> None:
    world.clear("idle")
    answer = world.trigger("idle").json()
    assert (answer["status"], answer["continuation"]) == ("in_progress", True)
    assert answer["progress"]["current_date"] == START
    assert "unfinished" not in answer  # the day was not started
    assert (world.odd.requests, world.keys("idle")) == ([], [])


def test_no_request_and_no_binding_changes_the_limits(world: World) -> None:
    """The limits are a parameter of `create`, and production passes only its own."""
    source = (ROOT / "workers/backfill/worker.js").read_text()
    bundle = (ROOT / "workers/dist/backfill.js").read_text()
    assert source.count("create(") == bundle.count("create(") == 2  # its definition and the default export
    assert "export default create(LIMITS);" in source
    assert "= create(LIMITS);" in bundle


def test_a_batch_logs_each_page_and_each_day(world: World) -> None:
    world.clear("main")
    world.trigger("main")
    messages = [line["message"] for line in world.logs("Batch ended")]
    assert messages == ["[ACE API] Success", "[Backfill] Data written to R2"] * 3 + ["[Backfill] Batch ended"]


@pytest.mark.parametrize("worker", ["list-fails", "no-bucket"])
def test_a_failing_planner_fails_its_invocation(world: World, worker: str) -> None:
    world.logs()
    assert world.control("cron", worker=worker)["outcome"] == "exception"
    world.logs("[Backfill] Planner failed" if worker == "list-fails" else "[Backfill] Not configured")


def test_a_short_write_is_a_storage_error(world: World) -> None:
    answer = world.trigger("put-cut").json()
    assert (answer["error"]["code"], answer["progress"]["samples_written"]) == ("storage", 0)


@pytest.mark.parametrize("worker", ["put-fails", "list-fails", "no-bucket"])
def test_a_failing_bucket_is_a_storage_error(world: World, worker: str) -> None:
    answer = world.trigger(worker)
    assert (answer.status_code, answer.json()["error"]["code"]) == (502, "storage")
    if worker == "put-fails":
        progress = answer.json()["progress"]
        assert (progress["days_complete"], progress["samples_fetched"], progress["samples_written"]) == (0, 1, 0)
        assert world.keys(worker) == []
    else:
        assert "progress" not in answer.json()  # unknown, so it is left out
        status = world.ask(worker, "GET", "/status", token=derive_operator_token(KEY))
        assert (status.status_code, status.json()["error"]["code"]) == (502, "storage")


def test_a_failing_head_call_ends_the_batch(world: World) -> None:
    world.clear("head-fails")
    answer = world.trigger("head-fails").json()
    assert (answer["error"]["code"], answer["progress"]["days_complete"]) == ("storage", 0)
    assert world.odd.requests == []


def test_a_day_above_the_size_limit_is_not_stored(world: World) -> None:
    world.clear("tight")
    time = f"{START}T12:00:00"
    rows = [row(f"point-{number * 7919 % 10007}", f"{number * 104729 % 9973}.5", time) for number in range(200)]
    world.odd.script = lambda request: page(rows if request.query["start_time"].startswith(START) else [])
    answer = world.trigger("tight").json()
    [failed] = answer["failed"]
    assert (failed["site"], failed["day"], failed["code"]) == ("odd", START, "storage")
    assert "400 bytes" in failed["message"]
    assert (answer["status"], world.keys("tight")) == ("in_progress", [key(MIDDLE), key(END)])
    world.odd.script = noon
    assert world.trigger("tight").json()["waiting"] == 1
    assert world.trigger("tight", query=f"?day={START}").json()["status"] == "complete"
    assert len(world.lines("tight")) == 1


def test_a_day_above_the_size_limit_ends_before_its_last_page(world: World) -> None:
    def large(request: web.Request) -> web.Response:
        number = len(world.odd.requests)
        time = f"{START}T12:{number:02}:00"
        rows = [
            row(f"{count * 7919 * number % 10007}/point", f"{count * 104729 % 9973}.5", time) for count in range(2_000)
        ]
        return page(rows, next_cursor=cursor(2_000, time) if number < 10 else None)

    world.clear("tight")
    world.odd.script = large
    assert world.trigger("tight", query=f"?day={START}").json()["error"]["code"] == "storage"
    assert len(world.odd.requests) < 10


@pytest.mark.usefixtures("same_day")
def test_without_an_end_the_last_day_is_yesterday(world: World) -> None:
    world.clear("open-end")
    answer = world.trigger("open-end").json()
    assert (answer["progress"]["days_total"], answer["status"]) == (2, "complete")
    assert world.odd.days == [str(TODAY - timedelta(days=2)), str(TODAY - timedelta(days=1))]


@pytest.mark.parametrize(("worker", "total"), [("end-ahead", 1), ("start-ahead", 0)])
@pytest.mark.usefixtures("same_day")
def test_today_and_later_days_are_not_stored(world: World, worker: str, total: int) -> None:
    world.clear(worker)
    world.odd.script = lambda request: page([])
    answer = world.trigger(worker).json()
    progress = answer["progress"]
    assert (answer["status"], progress["days_total"], progress["days_complete"]) == ("complete", total, total)
    assert isinstance(progress["current_date"], str)
    assert len(world.keys(worker)) == total
