"""The error codes for ACE's refusals and for malformed answers."""

from __future__ import annotations

import asyncio
import base64
import json
import time
from typing import Any

import pytest
from aiohttp import web

from rehearsal.ace import AceFault
from rehearsal.network_faults import NetworkFault, NetworkFaultKind

from .conftest import DAYS, KEY, MIDDLE, START, World, cursor, noon, page, row


def failing(world: World, worker: str, code: str, *, key: str = KEY, days: int = 0) -> str:
    """Trigger a batch of the first missing day, which must fail with this code. Return the message.

    ``days`` is the number of days that are stored already.
    """
    answer = world.trigger(worker, key=key, query=f"?day={DAYS[days]}")
    body = answer.json()
    assert (answer.status_code, body["status"], body["error"]["code"]) == (502, "error", code), answer.text
    assert body["progress"]["days_complete"] == days
    assert body["continuation"] is True
    assert "stack" not in body["error"]
    assert " at " not in answer.text
    assert len(world.keys(worker)) == days
    logged = [line for line in world.logs("[Backfill] Batch failed") if line["message"] == "[Backfill] Batch failed"]
    assert [line["code"] for line in logged] == [code]
    return str(body["error"]["message"])


def always(status: int, body: Any = None, *, text: str | None = None, **headers: str) -> Any:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    if text is not None:
        return lambda request: web.Response(status=status, text=text, content_type="text/html", headers=named)
    return lambda request: web.json_response(body, status=status, headers=named)


def test_a_wrong_key_is_reported_although_ace_answers_500(world: World) -> None:
    assert "bad key" in failing(world, "wrong-key", "upstream_auth", key="fake-other-key")
    assert len(world.local.requests) == 1


def test_an_unknown_site_is_rejected(world: World) -> None:
    assert "site" in failing(world, "unknown-site", "upstream_rejected")


@pytest.mark.parametrize(
    ("fault", "code", "requests"),
    [
        (NetworkFault(kind=NetworkFaultKind.STATUS, status=503), "upstream_unavailable", 3),
        (NetworkFault(kind=NetworkFaultKind.RESET), "upstream_unavailable", 3),
        (NetworkFault(kind=NetworkFaultKind.TRUNCATED), "upstream_unavailable", 3),
        (AceFault.EXPIRED, "upstream_auth", 1),
        (NetworkFault(kind=NetworkFaultKind.STATUS, status=200), "upstream_contract", 1),
        (AceFault.WRONG_SHAPE, "upstream_contract", 1),
        (AceFault.STALL, "upstream_contract", 2),
    ],
)
def test_each_fault_of_ace_has_its_own_error_and_a_retry_succeeds(
    world: World, fault: AceFault | NetworkFault, code: str, requests: int
) -> None:
    world.clear("faulty")
    if isinstance(fault, NetworkFault):
        world.local.network.fault = fault
    else:
        world.local.fault = fault
    failing(world, "faulty", code)
    assert len(world.local.requests) == requests
    world.local.fault = world.local.network.fault = None
    assert world.trigger("faulty", query=f"?day={START}").json()["progress"]["days_complete"] == 1


ODD_ANSWERS: dict[str, tuple[Any, str, int]] = {
    "401": (always(401, {"message": f"no {KEY}"}), "upstream_auth", 1),
    "500 of a bad key": (always(500, {"message": "An unhandled exception occurred."}), "upstream_auth", 1),
    "500 of another kind": (always(500, {"message": "Internal error"}), "upstream_unavailable", 3),
    "500 of another shape": (always(500, ["An unhandled exception occurred."]), "upstream_unavailable", 3),
    "502": (always(502, text=f"<h1>{KEY}</h1>"), "upstream_unavailable", 3),
    "408": (always(408, None), "upstream_unavailable", 3),
    "429": (always(429, {"message": "slow"}, Retry_After="0"), "upstream_unavailable", 3),
    "429 for an hour": (always(429, {"message": "slow"}, Retry_After="3600"), "upstream_unavailable", 1),
    "400": (always(400, {"message": KEY, "errors": {"page_size": KEY, KEY: "x"}}), "upstream_rejected", 1),
    "403": (always(403, {"id": None, "name": None}), "upstream_rejected", 1),
    "404 of no site": (always(404, {"message": "Not found"}), "upstream_rejected", 1),
    "404 without JSON": (always(404, text="not here"), "upstream_rejected", 1),
    "418": (always(418, {}), "upstream_rejected", 1),
    "204": (lambda request: web.Response(status=204), "upstream_contract", 1),
    "302": (always(302, {}, Location="/elsewhere"), "upstream_contract", 1),
    "307 away": (always(307, {}, Location="http://127.0.0.1:9/"), "upstream_contract", 1),
    "200 empty": (always(200, text=""), "upstream_contract", 1),
    "200 null": (always(200, None), "upstream_contract", 1),
    "200 list": (always(200, []), "upstream_contract", 1),
    "no has_more": (always(200, {"point_samples": [], "next_cursor": None}), "upstream_contract", 1),
    "rows under data": (always(200, {"data": [], "next_cursor": None, "has_more": False}), "upstream_contract", 1),
    "more without cursor": (
        lambda r: page([row("p", "1", f"{START}T01:00:00")], has_more=True),
        "upstream_contract",
        1,
    ),
    "cursor without more": (
        lambda r: page([row("p", "1", f"{START}T01:00:00")], next_cursor="x", has_more=False),
        "upstream_contract",
        1,
    ),
    "more without rows": (lambda r: page([], next_cursor="x"), "upstream_contract", 1),
    "row of null": (lambda r: page([None]), "upstream_contract", 1),
    "row without name": (lambda r: page([{"value": "1", "time": f"{START}T01:00:00"}]), "upstream_contract", 1),
    "row with empty name": (lambda r: page([row("", "1", f"{START}T01:00:00")]), "upstream_contract", 1),
    "row without value": (lambda r: page([{"name": "p", "time": f"{START}T01:00:00"}]), "upstream_contract", 1),
    "value a list": (
        lambda r: page([{"name": "p", "value": [1], "time": f"{START}T01:00:00"}]),
        "upstream_contract",
        1,
    ),
    "value an object": (
        lambda r: page([{"name": "p", "value": {}, "time": f"{START}T01:00:00"}]),
        "upstream_contract",
        1,
    ),
    "name no text": (lambda r: page([{"name": 7, "value": "1", "time": f"{START}T01:00:00"}]), "upstream_contract", 1),
    "time no time": (lambda r: page([row("p", "1", "yesterday")]), "upstream_contract", 1),
    "time a number": (lambda r: page([{"name": "p", "value": "1", "time": 1733788800}]), "upstream_contract", 1),
    "time of no zone": (lambda r: page([row("p", "1", f"{START}T01:00:00 CET")]), "upstream_contract", 1),
    "time of no day": (lambda r: page([row("p", "1", "2024-02-30T01:00:00")]), "upstream_contract", 1),
    "time of a zone outside the window": (
        lambda r: page([row("p", "1", f"{START}T01:00:00+02:00")]),
        "upstream_contract",
        1,
    ),
    "row before the window": (lambda r: page([row("p", "1", "2024-12-09T23:59:59.999999")]), "upstream_contract", 1),
    "row after the window": (lambda r: page([row("p", "1", f"{MIDDLE}T00:00:00.001")]), "upstream_contract", 1),
}


@pytest.mark.parametrize("case", ODD_ANSWERS)
def test_each_malformed_answer_has_its_code_and_stores_no_day(world: World, case: str) -> None:
    world.clear("counted")
    world.odd.script, code, requests = ODD_ANSWERS[case]
    message = failing(world, "counted", code)
    assert len(world.odd.requests) == requests
    assert KEY not in message
    if case == "400":
        assert "page_size" in message


def test_a_temporary_error_is_retried_within_the_batch(world: World) -> None:
    world.clear("counted")
    failures = [always(503, text="x"), always(429, {}, Retry_After="0")]
    world.odd.script = lambda request: (failures.pop() if failures else noon)(request)
    assert world.trigger("counted").json()["status"] == "complete"
    assert world.odd.days == [START, START, *DAYS]
    assert [line["attempt"] for line in world.logs("complete", "Failed") if "attempt" in line] == [1, 2]


def test_retry_after_is_respected(world: World) -> None:
    world.clear("counted")
    failures = [always(429, {}, Retry_After="1")]
    world.odd.script = lambda request: (failures.pop() if failures else noon)(request)
    begun = time.monotonic()
    assert world.trigger("counted").json()["status"] == "complete"
    assert time.monotonic() - begun >= 1


def test_a_slow_answer_is_a_timeout(world: World) -> None:
    async def slow(request: web.Request) -> web.Response:
        await asyncio.sleep(5)
        return noon(request)

    world.clear("quick")
    world.odd.script = slow
    begun = time.monotonic()
    assert "within 300 ms" in failing(world, "quick", "upstream_unavailable")
    assert time.monotonic() - begun < 3


def test_a_redirect_is_not_followed(world: World) -> None:
    world.clear("main")
    world.odd.script = always(302, {}, Location=f"{world.odd.url}/elsewhere")
    failing(world, "main", "upstream_contract")
    assert [path for path, _ in world.odd.requests] == ["/api/sites/odd/timeseries/paginated"]


def test_a_key_that_no_header_can_carry_is_reported_and_not_shown(world: World) -> None:
    assert "header" in failing(world, "line-in-key", "upstream_auth", key=f"{KEY}\n{KEY}")
    assert world.odd.requests == []


def pages(*answers: web.Response | Any) -> Any:
    """Return these answers in order for any cursor, then empty days."""
    queue = list(answers)
    return lambda request: queue.pop(0) if queue else page([])


FIRST = [row("a", "1", f"{START}T00:00:00"), row("b", "1", f"{START}T00:00:00"), row("a", "2", f"{START}T00:05:00")]


LAST = cursor(1, f"{START}T00:05:00")  # the correct one after FIRST

CURSORS: dict[str, list[Any]] = {
    "a cursor that is later than its page": [(FIRST, cursor(0, f"{START}T00:05:01"))],
    "a row again after a cursor that lies within its page": [
        (FIRST, cursor(3, f"{START}T00:00:00")),
        ([row("b", "1", f"{START}T00:00:00")], None),
    ],
    "an empty page that announces more": [(FIRST, LAST), ([], LAST)],
    "a page twice": [(FIRST, cursor(1, f"{START}T00:05:00")), (FIRST, None)],
    "an opaque cursor that is repeated": [(FIRST, "opaque"), ([row("a", "3", f"{START}T00:10:00")], "opaque")],
    "a page again, later": [(FIRST, "x"), ([row("a", "3", f"{START}T00:10:00")], "y"), (FIRST, None)],
    "an offset that skips": [(FIRST, cursor(2, f"{START}T00:05:00"))],
    "an offset that counts all rows": [(FIRST, cursor(3, f"{START}T00:05:00"))],
    "rows from before the cursor": [
        (FIRST, cursor(1, f"{START}T00:05:00")),
        ([row("c", "1", f"{START}T00:04:59")], None),
    ],
    "a cursor that goes back": [
        (FIRST, cursor(1, f"{START}T00:05:00")),
        ([row("a", "3", f"{START}T00:10:00")], cursor(1, f"{START}T00:00:00")),
    ],
}


@pytest.mark.parametrize("case", CURSORS)
def test_a_cursor_that_could_lose_rows_is_refused(world: World, case: str) -> None:
    world.clear("counted")
    world.odd.script = pages(*(page(rows, next_cursor=following) for rows, following in CURSORS[case]))
    failing(world, "counted", "upstream_contract")
    assert len(world.odd.requests) == len(CURSORS[case])


def test_correct_and_opaque_cursors_are_used_unchanged(world: World) -> None:
    world.clear("counted")
    right = cursor(1, f"{START}T00:05:00")
    second, third = [row("b", "2", f"{START}T00:05:00")], [row("a", "3", f"{START}T00:10:00")]
    world.odd.script = pages(page(FIRST, next_cursor=right), page(second, next_cursor="opaque"), page(third))
    assert world.trigger("counted").json()["status"] == "complete"
    assert [query.get("cursor") for _, query in world.odd.requests[:3]] == [None, right, "opaque"]
    assert len(world.lines("counted")) == 5


def test_one_timestamp_over_three_pages_is_not_a_repetition(world: World) -> None:
    world.clear("counted")
    at = f"{START}T00:05:00"
    second, third = [row("b", "2", at)], [row("c", "2", at), row("a", "3", f"{START}T00:10:00")]
    world.odd.script = pages(page(FIRST, next_cursor=LAST), page(second, next_cursor=cursor(1, at)), page(third))
    assert world.trigger("counted").json()["status"] == "complete"
    assert json.loads(base64.b64decode(world.odd.requests[2][1]["cursor"])) == {"offset": 2, "timestamp": at}
    assert len(world.lines("counted")) == 6


def no_data() -> web.Response:
    return web.json_response({"message": "No data for time period"}, status=404)


def test_a_404_of_no_data_is_an_empty_day(world: World) -> None:
    world.clear("counted")
    world.odd.script = lambda request: no_data()
    assert world.trigger("counted").json()["status"] == "complete"
    assert [world.lines("counted", day) for day in DAYS] == [[], [], []]


def test_an_empty_cursor_on_the_last_page_is_accepted(world: World) -> None:
    world.clear("counted")
    world.odd.script = pages(page(FIRST, next_cursor="", has_more=False))
    assert world.trigger("counted").json()["status"] == "complete"
    assert len(world.lines("counted")) == 3


def test_an_answer_above_the_limit_is_refused(world: World) -> None:
    def of(size: int) -> web.Response:
        body = page([]).text or ""
        return web.Response(text=body + " " * (size - len(body)), content_type="application/json")

    world.clear("narrow")
    world.odd.script = lambda request: of(2_001)
    assert "2000 bytes" in failing(world, "narrow", "upstream_contract")
    assert len(world.odd.requests) == 1
    world.odd.script = lambda request: of(2_000)
    assert world.trigger("narrow", query=f"?day={START}").json()["progress"]["days_complete"] == 1


def test_days_stored_before_a_failure_remain(world: World) -> None:
    world.clear("counted")
    world.trigger("counted", query=f"?day={START}")
    world.odd.script = always(401)
    failing(world, "counted", "upstream_auth", days=1)
    world.odd.script = noon
    assert world.trigger("counted").json()["progress"]["samples_fetched"] == 2


def test_status_has_the_last_error(world: World) -> None:
    world.clear("main")
    world.odd.script = always(401, {"message": "no"})
    failing(world, "main", "upstream_auth")
    status = world.status("main")
    assert status["last_error"]["code"] == "upstream_auth"
    assert status["progress"]["days_complete"] == 0
