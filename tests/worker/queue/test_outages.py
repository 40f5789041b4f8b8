"""The planner while ACE is not there, refuses the key or refuses a site: few requests, and no day waits longer than needed."""

from __future__ import annotations

from datetime import date
from typing import Any

from aiohttp import web

from contract.control_objects import failure_key
from tests.worker.conftest import OddAce, noon
from tests.worker.queue.world import Backfill, QueueWorld, days_ago

MIDDLE = "2024-12-11"


def fail(backfill: Backfill, messages: list[dict[str, Any]]) -> None:
    """Deliver each message for the fifth time, so that its failure is recorded."""
    for message in messages:
        assert backfill.deliver(message, attempts=5)["acked"]


def test_an_outage_costs_few_requests_and_delays_no_day_beyond_it(queue_world: QueueWorld, ace: OddAce) -> None:
    """ACE is probed with one day per run. As soon as a day is stored, all days are sent, the failed ones too."""
    backfill = queue_world.open("month")
    ace.script = lambda request: web.Response(status=503)
    fail(backfill, backfill.plan())
    ace.requests.clear()
    for _ in range(12):
        backfill.advance(minutes=5)
        fail(backfill, backfill.plan())
    assert len(ace.requests) == 12
    assert backfill.runs()[0]["error"]["code"] == "upstream_unavailable"
    ace.script = noon
    [probe] = backfill.plan()
    backfill.advance(minutes=1)
    backfill.deliver(probe)
    backfill.advance(minutes=4)
    assert len(backfill.plan()) == 30
    assert backfill.runs()[0]["error"] is None


def test_an_outage_of_many_sites_is_probed_with_two_days_then_with_one_of_each(
    queue_world: QueueWorld, ace: OddAce
) -> None:
    backfill = queue_world.open("three")
    ace.script = lambda request: web.Response(status=503)
    sent = backfill.plan()
    fail(backfill, sent)
    probes = backfill.plan()
    assert [message["site"] for message in probes] == ["a", "b"]
    ace.script = noon
    backfill.advance(minutes=1)
    backfill.deliver(probes[0])
    assert {message["site"] for message in backfill.plan()} == {"a", "b", "c"}
    assert len(sent) == 9


def test_a_day_without_an_answer_waits_an_hour_from_the_third_time_on(backfill: Backfill, ace: OddAce) -> None:
    """Such a day is not an outage, although nothing else shows the difference where all other days are stored."""
    ace.script = lambda request: web.Response(status=503) if MIDDLE in request.query["start_time"] else noon(request)
    for message in backfill.plan():
        backfill.deliver(message, attempts=5)
    for _ in range(2):
        fail(backfill, backfill.plan())
        backfill.advance(minutes=15)
    for _ in range(3):
        backfill.advance(minutes=44)
        assert backfill.plan() == []
        backfill.advance(minutes=1)
        fail(backfill, backfill.plan())
        backfill.advance(minutes=15)
    record = backfill.failure(MIDDLE)
    assert record is not None
    assert record["attempts"] == 6


def test_a_refused_site_is_probed_with_its_newest_day_and_has_one_record(queue_world: QueueWorld, ace: OddAce) -> None:
    backfill = queue_world.open("month")
    ace.script = lambda request: web.Response(status=403)
    for message in backfill.plan():
        backfill.deliver(message)
    ace.requests.clear()
    for _ in range(11):
        assert backfill.plan() == []
        backfill.advance(minutes=5)
    newest = failure_key("month", date(2024, 12, 31))
    assert backfill.list_keys("_control/backfill/failures/") == [newest]
    ace.script = noon
    backfill.advance(minutes=5)
    [probe] = backfill.plan()
    assert probe["day"] == "2024-12-31"
    backfill.deliver(probe)
    assert len(backfill.plan()) == 30
    assert backfill.list_keys("_control/backfill/failures/") == []


def test_a_new_site_has_few_days_in_the_queue_until_one_is_stored(queue_world: QueueWorld, ace: OddAce) -> None:
    """ACE may refuse the site, and each of its days in the queue would be a request."""
    backfill = queue_world.open("many")
    ace.script = lambda request: web.Response(status=403)
    sent = backfill.plan()
    assert (sent[0]["day"], sent[1]["day"], len(sent)) == (days_ago(1), "2020-01-01", 50)
    assert backfill.plan() == []
    for message in sent:
        backfill.deliver(message)
    assert (backfill.plan(), len(ace.requests)) == ([], 50)
    ace.script = noon
    backfill.advance(hours=24)
    [probe] = backfill.plan()
    backfill.deliver(probe)
    assert len(backfill.plan()) == 500


def test_a_refused_key_is_probed_with_one_day_per_run(backfill: Backfill, ace: OddAce) -> None:
    ace.script = lambda request: web.Response(status=401)
    sent = backfill.plan()
    for message in sent[:2]:
        assert backfill.deliver(message)["acked"]
    assert backfill.deliver(sent[2])["acked"]
    backfill.advance(minutes=30)
    assert backfill.plan() == []  # each of the days waits for an hour
    assert backfill.runs()[0]["error"]["code"] == "upstream_auth"
    backfill.advance(minutes=29)
    assert backfill.deliver(sent[0])["acked"]  # the newest refusal is younger than an hour
    backfill.advance(minutes=2)
    probes = backfill.plan()
    assert len(probes) == 1
    ace.script = noon
    backfill.deliver(probes[0])
    assert len(backfill.plan()) == 1  # a stored day ends the probing: the third day waits still
    assert backfill.runs()[0]["error"] is None


def test_days_that_failed_under_another_version_are_sent_at_once(queue_world: QueueWorld, ace: OddAce) -> None:
    """A deployment with a new key or new code does not wait for the pauses of the days that failed before it."""
    backfill = queue_world.open("one")
    ace.script = lambda request: web.Response(status=403)
    for message in backfill.plan():
        backfill.deliver(message)
    assert backfill.plan() == []
    newer = Backfill(queue_world, "one-newer")
    newer.set()
    assert len(newer.plan()) == 3
