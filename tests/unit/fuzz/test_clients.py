"""Any answer of a system is read, or is inconclusive."""

import re
from datetime import UTC, datetime

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.clients.ace.client import Ace
from checks.clients.cloudflare.transport import ApiTransport
from checks.clients.http.client import Http
from checks.clients.query.client import QueryWorker, Question
from checks.clients.tail.trace import Invocation, is_overload
from checks.clients.worker.client import BackfillWorker
from checks.clients.worker.progress import Progress
from checks.model.credentials import Secret
from checks.model.deadline import Deadline
from checks.model.finding import Cause, Failed, Inconclusive, ShapeError
from tests.fakes.clock import Clock
from tests.fakes.days import lines
from tests.fakes.healthy_system import healthy_system
from tests.fakes.manifest import ACCOUNT, NAME
from tests.fakes.strategies import JSON, draw_answer, encode, mutants, some
from tests.fakes.tail import trace

pytestmark = pytest.mark.untraced  # thousands of runs: other tests tell which lines are tested


def http(handle, clock):
    deadline = Deadline.starting_now(20.0, clock=clock, sleep=clock.sleep)
    return Http.open(
        "https://x.example", cause=Cause.CLOUDFLARE, deadline=deadline, transport=httpx.MockTransport(handle)
    )


def json_answer(status, data):
    return httpx.Response(status, stream=httpx.ByteStream(encode(data)))


PAGE = {
    "point_samples": [{"name": "a", "value": "1", "time": "2024-12-10T00:00:01"}],
    "has_more": True,
    "next_cursor": "eyJ0aW1lc3RhbXAiOiAiMjAyNC0xMi0xMFQwMDowMDowMSIsICJvZmZzZXQiOiAxfQ==",
}


@some(80)
@given(st.data())
def test_ace_answers_rows_or_is_inconclusive(data):
    asked = []

    def handle(request):
        asked.append(request)
        return draw_answer(data.draw, PAGE) if len(asked) < 5 else json_answer(401, {})

    with http(handle, Clock()) as client:
        ace = Ace(http=client, site="s", key=Secret("fake-key-0001"))
        start, end = datetime(2024, 12, 10, tzinfo=UTC), datetime(2024, 12, 11, tzinfo=UTC)
        try:
            rows = list(ace.fetch_rows(start, end, size=1000))
        except Inconclusive as error:
            assert error.finding.found
        else:
            assert all(row.name for row in rows)


MADE = {"author_email": "a@example.org", "created_on": "2024-12-19T10:00:00Z"}


VERSION = {
    "id": "v1",
    "number": 1,
    "metadata": MADE,
    "annotations": {"workers/tag": "t", "workers/triggered_by": "upload"},
}


API = {
    "secrets": (lambda api: api.list_secrets(NAME), [{"name": "A", "type": "secret_text"}]),
    "deployment": (
        lambda api: api.read_deployment(NAME),
        {"deployments": [{"strategy": "percentage", **MADE, "versions": [{"version_id": "v1", "percentage": 100}]}]},
    ),
    "versions": (lambda api: api.list_versions(NAME, lambda found: len(found) > 1), {"items": [VERSION]}),
    "version": (
        lambda api: api.read_version(NAME, "v1"),
        {**VERSION, "resources": {"bindings": [{"name": "A", "type": "b"}]}},
    ),
    "schedules": (lambda api: api.list_schedules(NAME), {"schedules": [{"cron": "* * * * *"}]}),
    "subdomain": (lambda api: api.read_subdomain(), {"subdomain": "s"}),
    "objects": (
        lambda api: list(api.list_objects("b", prefix="p", jurisdiction="default")),
        [
            {
                "key": "k",
                "size": 1,
                "custom_metadata": {"a": "b"},
                "http_metadata": {"contentEncoding": "gzip"},
                "last_modified": "2026-01-01T00:00:00Z",
            }
        ],
    ),
    "read": (lambda api: api.read_object("b", "k", jurisdiction="eu"), {}),
}


@pytest.mark.parametrize("call", API)
@some(40)
@given(st.data())
def test_cloudflare_answers_the_documented_form_or_is_inconclusive(call, data):
    asked, (ask, result) = [], API[call]
    truth = {"success": True, "errors": [], "messages": [], "result": result, "result_info": {"cursor": "c"}}

    def handle(request):
        asked.append(request)
        return draw_answer(data.draw, truth) if len(asked) < 4 else json_answer(200, truth | {"result_info": {}})

    with http(handle, Clock()) as client:
        api = ApiTransport(http=client, account_id=ACCOUNT, token=Secret("fake-token-0001")).create_client()
        try:
            hash(repr(ask(api)))
        except Inconclusive as error:
            assert error.finding.found


@some(60)
@given(st.data())
def test_any_answer_of_the_worker_is_read_or_has_a_finding(data):
    truth = {
        "status": "error",
        "error": {"code": "storage", "message": "m"},
        "last_error": {"code": "storage", "message": "m"},
        "progress": healthy_system().worker.progress(),
    }
    with http(lambda request: draw_answer(data.draw, truth), Clock()) as client:
        worker = BackfillWorker(http=client)
        for ask in (
            worker.fetch_health,
            lambda: worker.fetch_status(Secret("fake-0001")),
            lambda: worker.send_trigger(None),
        ):
            try:
                found = ask()
                hash((found.status, found.code, repr(found.error), repr(found.last_error), found.own, found.shown))
                Progress.read(found.body)
            except (Inconclusive, Failed) as error:  # it has failed where it always answers a 5xx
                assert error.finding.found
            except ShapeError as error:
                assert str(error)


@some(60)
@given(st.data())
def test_any_answer_of_the_query_worker_is_read_or_has_a_finding(data):
    truth = {"samples": lines("2024-12-10"), "count": 3, "error": {"code": "storage", "message": "m"}}

    def handle(request):
        tail = data.draw(
            st.sampled_from([b"", b'],"error":{"code":"storage"}', b'],"error":{"code":[]}', b'],"error":{}'])
        )
        real = draw_answer(data.draw, truth)
        return httpx.Response(
            real.status_code, headers=real.headers, stream=httpx.ByteStream(b"".join(real.stream) + tail)
        )

    with http(handle, Clock()) as client:
        worker = QueryWorker(http=client)
        try:
            told = worker.query(Question(site="s", points=("a",), start=0, end=1))
            hash((told.error.code, told.error.shown, told.samples))
        except (Inconclusive, Failed) as error:  # it has failed where it always answers a 5xx
            assert error.finding.found
        except ShapeError as error:
            assert str(error)


@some(150)
@given(JSON | mutants(trace("POST", "https://x.example/trigger", [{"message": "[ACE API] Failed", "code": "storage"}])))
def test_any_item_of_a_tail_is_read_as_short_text(item):
    if not isinstance(item, dict):
        return
    seen = Invocation.read(item)
    is_overload(item)
    assert len(seen.event) < 100
    assert re.fullmatch("[A-Za-z]{1,40}", seen.outcome)
    assert all(len(text) <= 210 for text in (*seen.exceptions, *(line.text for line in seen.lines)))
    assert all(line.text.startswith(("[ACE API]", "[Backfill]")) for line in seen.lines)
