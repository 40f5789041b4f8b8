"""The operator's routes: status, trigger of one day, replace, pause and resume."""

from __future__ import annotations

from typing import Any

import pytest
from aiohttp import web

from contract.control_objects import parse_pause
from tests.worker.conftest import OddAce, noon, page, row
from tests.worker.queue.world import NOW, Backfill, QueueWorld, days_ago

START, MIDDLE, END = DAYS = ("2024-12-10", "2024-12-11", "2024-12-12")
ONE_DAY = f"?site=odd&day={START}"


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/status"), ("POST", "/trigger"), ("POST", f"/trigger{ONE_DAY}"), ("POST", f"/replace{ONE_DAY}"),
     ("POST", "/pause"), ("POST", "/resume")],
)  # fmt: skip
def test_requests_without_a_token_or_with_a_wrong_one_are_refused(
    backfill: Backfill, ace: OddAce, method: str, path: str
) -> None:
    backfill.copy(START)
    backfill.ask("POST", "/pause", json={"reason": "r", "by": "b"})
    before = backfill.list_keys("")
    ace.requests.clear()
    for token in (None, "wrong"):
        answer = backfill.ask(
            method, path, token=token, **({"json": {"reason": "x", "by": "y"}} if path == "/pause" else {})
        )
        assert (answer.status_code, answer.json()["error"]["code"]) == (401, "unauthorized")
    assert (backfill.list_keys(""), ace.requests) == (before, [])


@pytest.mark.parametrize("path", ["/trigger", "/replace", "/pause", "/resume"])
def test_only_post_changes_something(backfill: Backfill, path: str) -> None:
    answer = backfill.ask("GET", path)
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")


def test_status_has_each_site_and_the_totals(queue_world: QueueWorld, ace: OddAce) -> None:
    backfill = queue_world.open("three")
    ace.script = lambda request: noon(request) if "sites/b/" in request.path else web.Response(status=403)
    backfill.put(f"timeseries/c/{days_ago(3)}/data.ndjson.gz", b"x" * 32)
    for day in (START, END):
        backfill.copy(day, name="b")
    backfill.copy(START, name="a")
    status = backfill.status()
    a, b, c = status["sites"]
    assert a == {"name": "a", "due": 2, "stored": 0, "empty": 0, "missing": 2, "failed": 1, "oldest_missing": START,
                 "newest_stored": None}  # fmt: skip
    assert b == {"name": "b", "due": 3, "stored": 2, "empty": 0, "missing": 1, "failed": 0, "oldest_missing": MIDDLE,
                 "newest_stored": END}  # fmt: skip
    assert c == {"name": "c", "due": 4, "stored": 1, "empty": 1, "missing": 3, "failed": 0,
                 "oldest_missing": days_ago(4), "newest_stored": days_ago(3)}  # fmt: skip
    assert (status["status"], status["continuation"], status["paused"]) == ("in_progress", True, None)
    progress = status["progress"]
    assert (progress["days_complete"], progress["days_total"], progress["current_date"]) == (3, 9, START)
    assert (status["last_run"], status["last_error"]) == (None, None)


def test_a_trigger_of_one_day_ignores_its_pause(backfill: Backfill, ace: OddAce) -> None:
    ace.script = lambda request: web.Response(status=403)
    backfill.copy(MIDDLE)
    ace.script = noon
    answer = backfill.ask("POST", "/trigger").json()
    assert (answer["waiting"], answer["status"], backfill.days()) == (1, "in_progress", [START, END])
    answer = backfill.ask("POST", f"/trigger?day={MIDDLE}").json()
    assert (answer["status"], backfill.days(), backfill.failure(MIDDLE)) == ("complete", list(DAYS), None)


def test_a_trigger_of_one_site_copies_no_other(queue_world: QueueWorld, ace: OddAce) -> None:
    backfill = queue_world.open("three")
    answer = backfill.ask("POST", "/trigger?site=b").json()
    assert (answer["status"], answer["progress"]["days_total"]) == ("in_progress", 9)
    assert [path.split("/")[3] for path, _ in ace.requests] == ["b"] * 3


def test_a_bad_day_of_a_batch_is_recorded_and_the_others_are_stored(backfill: Backfill, ace: OddAce) -> None:
    ace.script = lambda request: (
        web.json_response({"data": []}) if request.query["start_time"].startswith(START) else noon(request)
    )
    answer = backfill.ask("POST", "/trigger")
    assert answer.status_code == 200
    [failed] = answer.json()["failed"]
    assert (failed["site"], failed["day"], failed["code"]) == ("odd", START, "upstream_contract")
    assert backfill.days() == [MIDDLE, END]
    record = backfill.failure(START)
    assert record is not None
    assert record["attempts"] == 1
    assert backfill.ask("POST", f"/trigger?day={START}").json()["error"]["code"] == "upstream_contract"
    record = backfill.failure(START)
    assert record is not None
    assert record["attempts"] == 2


def test_a_batch_leaves_a_site_after_three_bad_days(queue_world: QueueWorld, ace: OddAce) -> None:
    backfill = queue_world.open("month")
    ace.script = lambda request: web.Response(status=403)
    answer = backfill.ask("POST", "/trigger")
    assert (answer.status_code, answer.json()["error"]["code"]) == (502, "upstream_rejected")
    assert len(ace.requests) == len(answer.json()["failed"]) == 3


def test_a_batch_leaves_a_day_that_is_in_work(backfill: Backfill, ace: OddAce) -> None:
    backfill.put_lease(MIDDLE, 60)
    answer = backfill.ask("POST", "/trigger").json()
    assert (answer["busy"], answer["status"], backfill.days()) == (1, "in_progress", [START, END])


@pytest.mark.parametrize(
    ("path", "parameter"),
    [("/trigger?site=gone", "site"), ("/trigger?day=2024-12-09", "day"), ("/trigger?day=today", "day"),
     ("/trigger?reset=1", "reset"), (f"/trigger?day={START}&day={END}", "day"), (f"/replace?day={START}", "site"),
     ("/replace?site=odd", "day"), (f"/replace{ONE_DAY}&source=nowhere", "source"),
     (f"/replace{ONE_DAY}&dry_run=1", "dry_run"), (f"/replace{ONE_DAY}&force=true", "force")],
)  # fmt: skip
def test_an_unusable_parameter_is_named(backfill: Backfill, ace: OddAce, path: str, parameter: str) -> None:
    answer = backfill.ask("POST", path)
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], list(error["parameters"])) == (400, "bad_parameter", [parameter])
    assert parameter in error["message"]
    assert (ace.requests, backfill.list_keys("")) == ([], [])


def test_replace_shows_its_changes(backfill: Backfill, ace: OddAce) -> None:
    ace.script = lambda request: web.Response(status=403)
    backfill.copy(START)
    rows = {"before": 1, "after": 2, "added": 1, "changed": 0, "kept": 0}
    backfill.set(results={"result": "revised", "revision": 2, "rows": rows})
    answer = backfill.ask("POST", f"/replace{ONE_DAY}")
    assert answer.json() == {"status": "revised", "site": "odd", "day": START, "revision": 2, "rows": rows}
    assert (backfill.failure(START), backfill.lease(START)) == (None, None)
    assert [(run["trigger"], run["rechecked"]) for run in backfill.runs()] == [("http", 1)]


def test_replace_loses_no_row_and_shows_its_changes_before(backfill: Backfill, ace: OddAce) -> None:
    """After ACE lost rows the day keeps them, and after ACE got more it has them."""

    def answer(*values: str) -> None:
        ace.script = lambda request: page([row("p", value, f"{START}T12:0{value}:00") for value in values])

    answer("1", "2")
    backfill.copy(START)
    answer("1")
    lost = backfill.ask("POST", f"/replace{ONE_DAY}").json()
    assert (lost["status"], lost["rows"]["kept"], backfill.rows(START)) == ("unchanged", 1, ("1", [1, 2]))
    assert [(run["trigger"], run["rechecked"], run["kept"]) for run in backfill.runs()] == [("http", 1, 1)]
    answer("1", "2", "3")
    shown = backfill.ask("POST", f"/replace{ONE_DAY}&dry_run=true").json()
    assert (shown["status"], shown["rows"]["added"], backfill.rows(START)) == ("revised", 1, ("1", [1, 2]))
    done = backfill.ask("POST", f"/replace{ONE_DAY}").json()
    assert (done["rows"], backfill.rows(START)) == (shown["rows"], ("2", [1, 2, 3]))
    same = backfill.ask("POST", f"/replace{ONE_DAY}&source=stored").json()
    assert (same["status"], same["revision"]) == ("unchanged", 2)
    ace.script = lambda request: web.Response(status=403)
    refused = backfill.ask("POST", f"/replace{ONE_DAY}").json()["error"]
    assert (refused["code"], backfill.rows(START)) == ("upstream_rejected", ("2", [1, 2, 3]))
    assert backfill.runs()[0]["error"] == refused, "the run log has the error of the answer"


def test_a_dry_run_deletes_no_record_and_is_no_run(backfill: Backfill, ace: OddAce) -> None:
    ace.script = lambda request: web.Response(status=403)
    backfill.copy(START)
    backfill.set(results={"result": "revised", "revision": 2, "rows": {"kept": 0}})
    for query in ("&dry_run=true", "&dry_run=true&source=stored"):
        assert backfill.ask("POST", f"/replace{ONE_DAY}{query}").json()["status"] == "revised"
    assert backfill.failure(START) is not None
    assert backfill.runs() == []


def test_a_rewrite_does_not_take_the_place_of_a_recheck(queue_world: QueueWorld, ace: OddAce) -> None:
    """Case A8: a list shows a re-check by the time of the object, so a rewrite without ACE waits for a due re-check."""
    backfill, day = queue_world.open("recent"), days_ago(2)
    query = f"/replace?site=recent&day={day}&source=stored"
    backfill.copy(day, name="recent")
    assert backfill.ask("POST", query).status_code == 200
    backfill.advance(days=2)
    assert backfill.ask("POST", query).json()["error"]["code"] == "busy"
    assert backfill.ask("POST", f"{query}&dry_run=true").status_code == 200
    backfill.copy(day, name="recent", what="recheck")
    assert backfill.ask("POST", query).status_code == 200


@pytest.mark.parametrize(
    ("result", "status", "code"),
    [("absent", 404, "not_stored"), ("conflict", 409, "busy"), ("unfinished", 502, "over_budget")],
)
def test_a_replace_that_stores_nothing_says_so(backfill: Backfill, result: str, status: int, code: str) -> None:
    backfill.set(results={"result": result, "revision": 0, "rows": {"kept": 0}})
    answer = backfill.ask("POST", f"/replace{ONE_DAY}")
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)


def test_a_replace_of_a_day_in_work_is_refused(backfill: Backfill, ace: OddAce) -> None:
    backfill.put_lease(START, 60)
    answer = backfill.ask("POST", f"/replace{ONE_DAY}")
    assert (answer.status_code, answer.json()["error"]["code"], ace.requests) == (409, "busy", [])


def test_pause_and_resume_are_idempotent(backfill: Backfill) -> None:
    first = backfill.ask("POST", "/pause", json={"reason": "ACE moves", "by": "jo"})
    assert first.json() == {
        "status": "paused",
        "paused": {"reason": "ACE moves", "by": "jo", "at": f"{NOW:%FT%T}.000Z"},
    }
    backfill.advance(hours=1)
    assert backfill.ask("POST", "/pause", json={"reason": "again", "by": "al"}).json() == first.json()
    found = backfill.get("_control/backfill/pause.json")
    assert found is not None
    assert parse_pause(str(found["json"]).replace("'", '"')).at == NOW
    for _ in range(2):
        assert backfill.ask("POST", "/resume").json() == {"status": "running", "paused": None}
    assert backfill.status()["paused"] is None


@pytest.mark.parametrize(
    "body", [b"", b"[]", b'{"reason": "r"}', b'{"reason": " ", "by": "b"}', b'{"reason": 1, "by": "b"}']
)
def test_a_pause_needs_a_reason_and_an_author(backfill: Backfill, body: bytes) -> None:
    answer: Any = backfill.ask("POST", "/pause", content=body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "bad_parameter")
    assert backfill.list_keys("") == []


def test_an_unreadable_pause_is_a_pause(backfill: Backfill) -> None:
    """Its author wanted one."""
    backfill.put("_control/backfill/pause.json", b"not JSON")
    assert backfill.plan() == []
    assert "cannot be read" in backfill.status()["paused"]["reason"]
