"""The consumers: a message is done, delivered again later, or its day gets a failure record."""

from __future__ import annotations

import asyncio
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from aiohttp import web

from backfill.estimate import MAX_OUTSTANDING
from contract.control_objects import PAUSES, failure_key, parse_failure
from contract.queue_limits import MAX_RETRIES
from contract.schedule import parse_day
from tests.worker.conftest import OddAce, noon
from tests.worker.harness import ROOT
from tests.worker.queue.world import DEAD, DELIVERIES, NOW, QUEUE, Backfill, QueueWorld

START, MIDDLE, END = DAYS = ("2024-12-10", "2024-12-11", "2024-12-12")
ACKED = {"outcome": "ok", "acked": True, "retried": False, "delay": None}


def retried(seconds: float) -> dict[str, Any]:
    return {"outcome": "ok", "acked": False, "retried": True, "delay": seconds}


def message(day: str, **changes: Any) -> dict[str, Any]:
    return {"v": 1, "site": "odd", "day": day, "what": "copy", **changes}


def test_a_message_stores_its_day_and_leaves_no_lease(backfill: Backfill, ace: OddAce) -> None:
    assert backfill.copy(MIDDLE) == ACKED
    assert (backfill.days(), ace.days) == ([MIDDLE], [MIDDLE])
    assert backfill.list_keys("_control/") == []


def test_a_doubled_message_sends_no_request_and_doubles_nothing(backfill: Backfill, ace: OddAce) -> None:
    backfill.copy(START)
    before = backfill.list_keys()
    ace.requests.clear()
    assert backfill.copy(START, attempts=2) == ACKED
    assert (backfill.list_keys(), ace.requests) == (before, [])


def test_two_deliveries_at_once_copy_the_day_once(backfill: Backfill, ace: OddAce) -> None:
    """The second delivery finds the lease and comes again, or finds the day stored."""

    async def slow(request: web.Request) -> web.Response:
        await asyncio.sleep(0.1)
        return noon(request)

    ace.script = slow
    with ThreadPoolExecutor(3) as pool:
        done = list(pool.map(lambda _: backfill.copy(START), range(3)))
    assert (len(ace.requests), backfill.days()) == (1, [START])
    assert ACKED in done


@pytest.mark.parametrize(
    "body",
    [None, "text", {}, message(START, v=2), message("2024-12-32"), message("2024-12-09"), message("2024-12-13"),
     message(START, site="gone"), message(START, what="delete")],
    ids=["nothing", "text", "empty", "version", "date", "before", "after", "undeclared", "kind"],
)  # fmt: skip
def test_a_message_that_does_not_apply_is_dropped(backfill: Backfill, ace: OddAce, body: Any) -> None:
    assert backfill.deliver(body) == ACKED
    assert (backfill.list_keys(""), ace.requests) == ([], [])


def test_the_messages_of_a_removed_site_are_dropped_and_its_data_stays(queue_world: QueueWorld, ace: OddAce) -> None:
    backfill = queue_world.open("one")
    backfill.copy(START)
    before = backfill.list_keys()
    without = Backfill(queue_world, "none")
    without.set()
    assert without.copy(MIDDLE) == ACKED
    without.plan()
    assert without.plan() == []
    assert [key for key in backfill.list_keys() if "/odd/" in key] == before
    assert {sent["day"] for sent in backfill.plan()} == {MIDDLE, END}  # declared again: the stored day counts


def test_a_held_lease_delays_the_message_by_its_rest(backfill: Backfill, ace: OddAce) -> None:
    backfill.put_lease(START, 300)
    assert backfill.copy(START) == retried(300)
    assert (backfill.days(), ace.requests) == ([], [])
    lease = backfill.lease(START)
    assert lease is not None
    assert lease["run"] == "another"  # only its own lease is deleted
    assert backfill.copy(START, attempts=DELIVERIES) == ACKED  # the planner sends the day again


def test_an_expired_lease_is_taken_over_by_one_of_two(backfill: Backfill, ace: OddAce) -> None:
    backfill.put_lease(START, -1)
    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(lambda _: backfill.copy(START), range(4)))
    assert ACKED in done
    assert (ace.days, backfill.days(), backfill.lease(START)) == ([START], [START], None)


def test_the_lease_of_a_killed_consumer_is_removed_later(backfill: Backfill) -> None:
    """A run that was killed leaves its lease, also where its day is stored."""
    backfill.copy(START)
    backfill.put_lease(START, 60)
    backfill.plan()
    assert backfill.lease(START) is not None
    backfill.advance(hours=24 * 2)
    backfill.plan()
    assert backfill.lease(START) is None


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (401, {}, "upstream_auth"),
        (500, {"message": "An unhandled exception occurred."}, "upstream_auth"),
        (403, {}, "upstream_rejected"),
        (200, {"data": []}, "upstream_contract"),
    ],
)
def test_a_permanent_failure_is_recorded_and_delays_no_other_day(
    backfill: Backfill, ace: OddAce, status: int, body: Any, code: str
) -> None:
    """The day is retried after 1 h, 6 h and 24 h, then daily, as the checks know it. A success deletes its record."""

    def one_bad_day(request: web.Request) -> web.Response:
        is_bad = request.query["start_time"].startswith(MIDDLE)
        return web.json_response(body, status=status) if is_bad else noon(request)

    ace.script = one_bad_day
    for sent in backfill.plan():
        assert backfill.deliver(sent) == ACKED
    assert backfill.days() == [START, END]
    # A probe of the key counts as one day per run, and this is the only day.
    for attempt, pause in enumerate((*PAUSES, PAUSES[-1]), start=1):
        record = backfill.failure(MIDDLE)
        assert record is not None
        assert (record["code"], record["attempts"], record["first_at"][:19]) == (code, attempt, f"{NOW:%FT%T}")
        backfill.advance(seconds=pause.total_seconds() - 1)
        assert backfill.plan() == []
        backfill.advance(seconds=1)
        [again] = backfill.plan()
        assert again["day"] == MIDDLE
        backfill.deliver(again)
    found = backfill.get(failure_key("odd", parse_day(MIDDLE)))  # type: ignore[arg-type]
    assert found is not None
    assert parse_failure(found["key"], found["custom"]).attempts == 5
    ace.script = noon
    backfill.advance(days=1)
    backfill.deliver(backfill.plan()[0])
    assert (backfill.failure(MIDDLE), backfill.days()) == (None, list(DAYS))


@pytest.mark.parametrize(
    ("headers", "attempts", "delay"),
    [({}, 1, 60), ({}, 3, 240), ({"Retry-After": "600"}, 1, 600), ({"Retry-After": "30"}, 2, 120),
     ({"Retry-After": "999999"}, 1, 86_400)],
)  # fmt: skip
def test_ace_says_how_long_a_day_waits(
    backfill: Backfill, ace: OddAce, headers: dict[str, str], attempts: int, delay: int
) -> None:
    ace.script = lambda request: web.Response(status=429, headers=headers)
    assert backfill.copy(START, attempts=attempts) == retried(delay)
    assert len(ace.requests) == 1  # the consumer does not wait for a long time itself
    assert backfill.list_keys("") == []


def test_ace_may_say_the_time_as_a_date(backfill: Backfill, ace: OddAce) -> None:
    later = format_datetime(datetime.now(UTC) + timedelta(seconds=600), usegmt=True)
    ace.script = lambda request: web.Response(status=503, headers={"Retry-After": later})
    assert 590 <= backfill.copy(START)["delay"] <= 600


def test_the_program_and_the_checks_know_the_limits_of_the_worker() -> None:
    """The worker counts the deliveries itself, and Queues ends them after ``max_retries``."""
    source = (ROOT / "workers/backfill/limits.js").read_text()
    limits = {name: int(number) for name, number in re.findall(r"^  (\w+): (\d+),", source, re.MULTILINE)}
    assert limits["deliveries"] == DELIVERIES == MAX_RETRIES + 1
    assert limits["outstanding"] == MAX_OUTSTANDING


def test_the_fifth_failure_is_recorded_with_its_own_code(backfill: Backfill, ace: OddAce) -> None:
    ace.script = lambda request: web.Response(status=503)
    assert backfill.copy(START, attempts=4) == retried(480)
    assert backfill.failure(START) is None
    assert backfill.copy(START, attempts=5) == ACKED
    record = backfill.failure(START)
    assert record is not None
    assert (record["code"], record["message"]) == ("upstream_unavailable", "ACE answered 503")
    backfill.plan()
    assert backfill.runs()[0]["error"]["code"] == "upstream_unavailable"


def test_a_day_without_enough_time_is_not_written_and_comes_again(queue_world: QueueWorld) -> None:
    backfill = queue_world.open("hurried")
    assert backfill.copy(START) == retried(60)
    assert backfill.list_keys() == []
    assert backfill.copy(START, attempts=5) == ACKED
    record = backfill.failure(START)
    assert record is not None
    assert record["code"] == "over_budget"


def test_a_day_gets_a_record_after_its_consumers_were_killed(backfill: Backfill, ace: OddAce) -> None:
    """Only such a day reaches the dead-letter queue. A stored day gets no record."""
    backfill.copy(START)
    for body in (message(START), message(MIDDLE), message(END, site="gone"), "text"):
        assert backfill.deliver(body, queue=DEAD) == ACKED
    assert backfill.list_keys("_control/backfill/failures/") == [failure_key("odd", parse_day(MIDDLE))]  # type: ignore[arg-type]
    record = backfill.failure(MIDDLE)
    assert record is not None
    assert record["code"] == "killed"
    assert len(ace.requests) == 1


def test_a_pause_stops_planner_and_consumers_and_resume_continues(backfill: Backfill, ace: OddAce) -> None:
    sent = backfill.plan()
    paused = backfill.ask("POST", "/pause", json={"reason": "ACE moves", "by": "jo"}).json()["paused"]
    assert backfill.deliver(sent[0]) == ACKED  # dropped
    backfill.advance(hours=7)
    assert backfill.plan() == []
    assert (ace.requests, backfill.list_keys()) == ([], [])
    run = backfill.runs()[0]
    assert (run["planned"], run["error"], run["ended_at"] is None) == (None, None, False)
    assert backfill.status()["paused"] == paused
    assert backfill.ask("POST", "/resume").status_code == 200
    assert backfill.plan() == sent
    for body in sent:
        backfill.deliver(body)
    assert backfill.days() == list(DAYS)


def test_resume_forgets_the_plan_so_that_dropped_messages_are_sent_again(backfill: Backfill) -> None:
    sent = backfill.plan()
    backfill.ask("POST", "/pause", json={"reason": "r", "by": "b"})
    for body in sent:
        backfill.deliver(body)
    backfill.ask("POST", "/resume")
    assert backfill.plan() == sent


@pytest.mark.parametrize(("result", "expected"), [("absent", ACKED), ("unchanged", ACKED), ("conflict", retried(60))])
def test_each_result_of_a_new_revision_ends_the_message(backfill: Backfill, result: str, expected: Any) -> None:
    backfill.copy(START)
    backfill.set(results={"result": result, "revision": 1, "rows": {"kept": 0}})
    assert backfill.copy(START, what="replace") == expected


def test_a_worker_without_its_bindings_delays_the_messages(queue_world: QueueWorld) -> None:
    """The last delivery is recorded with the right cause. The next version of the worker sends the day at once."""
    backfill = queue_world.open("keyless")
    for attempts in range(1, DELIVERIES):
        assert backfill.copy(START, attempts=attempts) == retried(600)
        assert backfill.deliver(message(START), attempts=attempts, queue=DEAD) == retried(600)
    assert backfill.list_keys("") == []
    assert backfill.copy(START, attempts=DELIVERIES) == ACKED
    assert backfill.deliver(message(MIDDLE), attempts=DELIVERIES, queue=DEAD) == ACKED
    assert backfill.copy(END, attempts=DELIVERIES, name="gone") == ACKED
    record = backfill.failure(START)
    assert record is not None
    assert (record["code"], record["message"]) == ("not_configured", "absent or unusable: ACE_API_KEY")
    assert len(backfill.list_keys("_control/backfill/failures/")) == 2
    keyed = Backfill(queue_world, "keyed")
    keyed.set()
    assert len(keyed.plan()) == 3
    backfill.set(fail=["get"])
    assert backfill.copy(END, attempts=DELIVERIES) == ACKED  # nothing can be recorded


def test_a_message_waits_while_r2_fails(backfill: Backfill, ace: OddAce) -> None:
    """An exception would be delivered again at once, and five of them take seconds."""
    for method, attempts, seconds in (("get", 1, 60), ("head", 1, 60), ("get", 4, 480)):
        backfill.set(fail=[method])
        assert backfill.copy(START, attempts=attempts) == retried(seconds)
    assert backfill.deliver(message(START), attempts=2, queue=DEAD) == retried(120)
    assert backfill.copy(START, attempts=DELIVERIES)["outcome"] == "exception"  # it cannot be recorded either
    backfill.set()
    assert (ace.requests, backfill.list_keys("")) == ([], [])
    assert backfill.deliver(message(START), attempts=3, queue=DEAD) == ACKED
    assert backfill.failure(START) is not None


def test_lost_messages_lose_nothing(backfill: Backfill) -> None:
    """Half of the messages are lost in each round. The planner sends their days again after six hours."""
    rounds = 0
    while len(backfill.days()) < 3:
        for body in backfill.plan()[::2]:
            backfill.deliver(body, queue=QUEUE)
        backfill.now += timedelta(hours=6)
        backfill.set()
        rounds += 1
    assert rounds == 2
