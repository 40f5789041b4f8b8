"""The planner: the days that it sends, their order, and the runs that send nothing twice."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

from aiohttp import web

from contract.control_objects import MAX_PLANNED, PLAN_KEY, parse_plan
from tests.worker.conftest import OddAce, page, row
from tests.worker.queue.world import NOW, Backfill, Broker, QueueWorld, days_ago

ONE = ["2024-12-10", "2024-12-11", "2024-12-12"]


def order(messages: list[dict[str, Any]]) -> list[tuple[str, str, str]]:
    return [(message["site"], message["day"], message["what"]) for message in messages]


def copies(messages: list[dict[str, Any]]) -> list[str]:
    """Return the days of messages that ask for a copy."""
    assert all(message["v"] == 1 and message["what"] == "copy" for message in messages)
    return [message["day"] for message in messages]


def rows_of(*values: str) -> Callable[[web.Request], web.Response]:
    """Return an ACE that has these values on each day, one a minute."""

    def answer(request: web.Request) -> web.Response:
        day = request.query["start_time"][:10]
        return page([row("p", value, f"{day}T12:{int(value):02}:00") for value in values])

    return answer


def test_missing_days_are_sent_newest_first_then_oldest_first(backfill: Backfill) -> None:
    assert copies(backfill.plan()) == [ONE[2], ONE[0], ONE[1]]
    assert backfill.list_keys() == []  # the planner copies nothing itself


def test_the_order_is_newest_of_each_site_then_rechecks_then_oldest_in_turn(queue_world: QueueWorld) -> None:
    backfill = queue_world.open("three")
    late = days_ago(4)
    backfill.now = NOW - timedelta(days=2)
    backfill.set()
    assert backfill.copy(late, name="c")["acked"]
    backfill.now = NOW
    backfill.set()
    sent = order(backfill.plan())
    assert sent[:3] == [("a", ONE[1], "copy"), ("b", ONE[2], "copy"), ("c", days_ago(1), "copy")]
    assert sent[3] == ("c", late, "recheck")
    rest = [("a", ONE[0], "copy"), ("b", ONE[0], "copy"), ("c", days_ago(3), "copy")]
    assert sent[4:] == [*rest, ("b", ONE[1], "copy"), ("c", days_ago(2), "copy")]


def test_a_day_in_the_queue_is_not_sent_again_for_six_hours(backfill: Backfill) -> None:
    """A message may be lost or late. Then its day is sent again, and no data is lost."""
    first = backfill.plan()
    found = backfill.get(PLAN_KEY)
    assert found is not None
    planned = {(str(day.day), day.what, day.at) for day in parse_plan(json.dumps(found["json"]))}
    assert planned == {(message["day"], "copy", NOW) for message in first}
    assert backfill.plan() == []
    backfill.advance(seconds=MAX_PLANNED.total_seconds() - 1)
    assert backfill.plan() == []
    backfill.advance(seconds=1)
    assert backfill.plan() == first


def test_a_stored_day_leaves_the_plan_and_is_counted_once(backfill: Backfill) -> None:
    backfill.plan()
    backfill.copy(ONE[1])
    backfill.plan()
    backfill.plan()
    last, before, first = backfill.runs()
    assert [first[name] for name in ("planned", "queued", "stored")] == [3, 3, 0]
    assert [before[name] for name in ("planned", "queued", "stored")] == [2, 0, 1]
    assert [last[name] for name in ("planned", "queued", "stored")] == [2, 0, 0]


def test_two_planners_at_once_send_each_day_once(backfill: Backfill) -> None:
    with ThreadPoolExecutor(4) as pool:
        outcomes = list(pool.map(lambda _: backfill.cron(), range(4)))
    assert outcomes == ["ok"] * 4
    assert sorted(copies(backfill.sent())) == ONE
    assert sum(run["queued"] for run in backfill.runs()) == 3


def test_at_most_500_days_are_in_the_queue_and_100_in_one_call(queue_world: QueueWorld) -> None:
    backfill = queue_world.open("many")
    backfill.copy(days_ago(1), name="many")
    sent = copies(backfill.plan())
    assert len(set(sent)) == len(sent) == 500  # the probe's queue refuses more than 100 in one call
    assert backfill.plan() == []
    for day in sent[:3]:
        backfill.copy(day, name="many")
    assert len(backfill.plan()) == 3


def test_days_that_the_queue_refuses_are_sent_by_the_next_run(backfill: Backfill) -> None:
    backfill.set(refuse=True)
    assert backfill.cron() == "exception"
    [run] = backfill.runs()
    assert run["error"]["code"] == "queue"
    assert backfill.sent() == []
    backfill.set()
    assert len(backfill.plan()) == 3


def test_a_plan_that_cannot_be_read_is_replaced(backfill: Backfill) -> None:
    for content in (b"not JSON", b"[]", b'{"schema":1,"days":{"odd/2024-12-10":null}}'):
        backfill.put(PLAN_KEY, content)
        assert len(backfill.plan()) == 3
        assert backfill.plan() == []


def test_days_are_due_after_the_settle_time(queue_world: QueueWorld) -> None:
    """Case A8: rows that arrive hours late are in the day, because the day is read after its settle time."""
    backfill = queue_world.open("recent")
    backfill.now = NOW.replace(hour=5, minute=59)
    backfill.set()
    assert copies(backfill.plan()) == [days_ago(2)]
    assert backfill.copy(days_ago(1), name="recent")["acked"]  # dropped: it is not due
    assert backfill.days("recent") == []
    backfill.advance(minutes=1)
    assert copies(backfill.plan()) == [days_ago(1)]


def test_a_recheck_is_sent_once_and_stores_late_rows(queue_world: QueueWorld, ace: OddAce) -> None:
    """Case A8: a stored day is read once more, three days after its end. Late rows are a new revision."""
    backfill, day = queue_world.open("recent"), days_ago(2)
    ace.script = rows_of("1", "2")
    backfill.copy(day, name="recent")
    ace.script = rows_of("1", "2", "3")
    backfill.advance(hours=11.9 + 24)
    assert day not in [message["day"] for message in backfill.plan()]
    backfill.advance(hours=0.2)
    [recheck] = [message for message in backfill.plan() if message["day"] == day]
    assert recheck["what"] == "recheck"
    assert backfill.rows(day, "recent") == ("1", [1, 2])
    assert backfill.deliver(recheck)["acked"]
    assert backfill.rows(day, "recent") == ("2", [1, 2, 3])
    ace.requests.clear()
    assert backfill.deliver(recheck)["acked"]  # a doubled message: the day is re-checked already
    assert (ace.requests, [message for message in backfill.plan() if message["day"] == day]) == ([], [])
    assert backfill.runs()[0]["rechecked"] == 1


def test_a_recheck_of_equal_rows_is_seen_in_a_list(queue_world: QueueWorld, ace: OddAce) -> None:
    """Case A8: the revision stays, and the day is not read a third time."""
    backfill, day = queue_world.open("recent"), days_ago(2)
    backfill.copy(day, name="recent")
    backfill.advance(days=2)
    backfill.deliver(next(message for message in backfill.plan() if message["day"] == day))
    assert backfill.rows(day, "recent")[0] == "1"
    backfill.advance(days=1)
    assert day not in [message["day"] for message in backfill.plan()]


def test_a_recheck_keeps_rows_that_ace_has_lost(queue_world: QueueWorld, ace: OddAce) -> None:
    """Case A8: the run log says that the bucket has rows which ACE no longer has."""
    backfill, day = queue_world.open("recent"), days_ago(2)
    ace.script = rows_of("1", "2", "3")
    backfill.copy(day, name="recent")
    ace.script = rows_of("4")
    backfill.copy(day, name="recent", what="replace")
    assert backfill.rows(day, "recent") == ("2", [1, 2, 3, 4])
    [run] = backfill.runs()
    assert (run["trigger"], run["rechecked"], run["kept"]) == ("queue", 1, 3)


def test_rechecks_leave_places_in_the_queue_for_missing_days(queue_world: QueueWorld) -> None:
    """Only so many days in the queue are re-checks. A re-check that is done makes place for the next one."""
    backfill = queue_world.open("rechecking")
    backfill.now = NOW - timedelta(days=7)
    backfill.set()
    for count in (10, 9, 8):
        backfill.copy(days_ago(count), name="recent")
    backfill.advance(days=7)
    found = []
    for _ in range(3):
        [recheck] = backfill.plan()
        assert backfill.plan() == []
        assert backfill.deliver(recheck)["acked"]
        found.append((recheck["day"], recheck["what"]))
    assert found == [(days_ago(count), "recheck") for count in (10, 9, 8)]
    assert backfill.plan() == []


def test_no_recheck_without_recheck_days(queue_world: QueueWorld) -> None:
    backfill = queue_world.open("unchecked")
    backfill.copy(days_ago(1), name="unchecked")
    backfill.advance(days=10)
    assert "recheck" not in [message["what"] for message in backfill.plan()]


def test_a_slow_queue_is_not_filled_twice_and_a_lost_message_is_sent_again(queue_world: QueueWorld) -> None:
    """A message counts as lost after six hours if a later one is done, or if none was done for so long."""
    backfill = queue_world.open("many")
    backfill.copy(days_ago(1), name="many")
    first = backfill.plan()
    backfill.advance(hours=1)
    backfill.copy(first[1]["day"], name="many")
    [later] = backfill.plan()
    backfill.advance(hours=5)
    backfill.copy(first[2]["day"], name="many")
    assert len(backfill.plan()) == 1
    backfill.advance(hours=5)
    backfill.copy(first[3]["day"], name="many")
    assert len(backfill.plan()) == 1
    backfill.copy(later["day"], name="many")
    again = copies(backfill.plan())
    assert first[0]["day"] in again
    assert len(again) == 498  # two were sent within the last six hours
    assert later["day"] not in again


def test_two_empty_plans_have_different_etags(backfill: Backfill, ace: OddAce) -> None:
    """A planner with an old list loses the swap, also where the plan was empty at both times."""
    empty = []
    for _ in range(2):
        for message in backfill.plan():
            backfill.deliver(message)
        backfill.plan()
        found = backfill.get(PLAN_KEY)
        assert found is not None
        assert found["json"]["days"] == {}
        empty.append(found["json"])
        backfill.world.control("delete", worker=backfill.name, keys=backfill.list_keys())
    assert empty[0] != empty[1]


def test_overlapping_planners_and_consumers_send_no_more_requests(queue_world: QueueWorld, ace: OddAce) -> None:
    """Three overlapping planners and eight consumers send at most 1.05 times the least possible requests.

    Each message comes twice, and each day has one page.
    """
    backfill = queue_world.open("month")
    broker = Broker(backfill, consumers=8)
    ace.requests.clear()
    for _ in range(2):
        with ThreadPoolExecutor(3) as pool:
            list(pool.map(lambda _: backfill.cron(), range(3)))
        messages = backfill.sent()
        broker.add(*(body for body in messages for _ in range(2)))
        broker.drain()
    assert len(backfill.days("month")) == 31
    assert 31 <= len(ace.requests) <= 31 * 1.05
    assert (broker.dead, backfill.list_keys("_control/backfill/leases/")) == ([], [])
    backfill.plan()
    assert sum(run["stored"] for run in backfill.runs()) == 31


def test_cron_queue_and_consumer_together_copy_every_day(queue_world: QueueWorld) -> None:
    """The messages travel through a queue of workerd."""
    backfill = queue_world.open("joined")
    assert backfill.cron() == "ok"
    deadline = time.monotonic() + 20
    while backfill.days() != ONE:
        assert time.monotonic() < deadline, backfill.days()
    backfill.plan()
    assert backfill.status()["status"] == "complete"
