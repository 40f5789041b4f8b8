"""The checks read Cloudflare's API within their deadline, and each of its faults is an inconclusive finding."""

from collections import deque

import httpx
import pytest

from checks.clients.cloudflare.errors import CloudflareInconclusive
from checks.clients.cloudflare.tails import Tails
from checks.clients.cloudflare.transport import ApiTransport
from checks.clients.http.client import Http
from checks.model.credentials import Secret
from checks.model.deadline import Deadline
from checks.model.finding import Cause, Inconclusive, TransientError
from tests.unit.cloudflare_client.api import Clock

TOKEN = "fake-token-0001"
BUSY = {"Retry-After": "3"}


def answer(status, body=None, **headers):
    return httpx.Response(status, json=body, headers=headers)


def envelope(result):
    return answer(200, {"success": True, "errors": [], "result": result})


def refusal(status, code):
    return answer(status, {"success": False, "errors": [{"code": code, "message": "refused"}]})


def ask(call, *replies, seconds=60.0):
    """The result or exception of a call, the requests, and the clock. The last reply is repeated."""
    clock, asked, left = Clock(), [], list(replies)

    def handle(request):
        asked.append(f"{request.method} {request.url.path}")
        reply = left.pop(0) if len(left) > 1 else left[0]
        return httpx.Response(reply.status_code, headers=reply.headers, stream=httpx.ByteStream(reply.content))

    deadline = Deadline.starting_now(seconds, clock=clock, sleep=clock.sleep)
    transport = httpx.MockTransport(handle)
    with Http.open("https://api.example.org", cause=Cause.CLOUDFLARE, deadline=deadline, transport=transport) as http:
        try:
            return call(ApiTransport(http=http, account_id="acc", token=Secret(TOKEN))), asked, clock
        except Inconclusive as error:
            return error, asked, clock


def list_secrets(transport):
    return transport.create_client().list_secrets("w")


def test_a_busy_api_is_asked_again_after_the_time_that_it_names():
    found, asked, clock = ask(list_secrets, answer(429, **BUSY), answer(502), envelope([{"name": "A"}]))
    assert (found, len(asked), clock.slept) == (("A",), 3, [3.0, 0.5])


def test_a_busy_api_is_asked_until_the_deadline():
    error, asked, clock = ask(list_secrets, answer(429), seconds=5.0)
    assert isinstance(error, TransientError)
    assert error.finding.expected == "an answer of the API"
    assert (len(asked), clock.slept) == (5, [0.25, 0.5, 1.0, 2.0])


def test_an_api_that_asks_for_no_retry_is_not_asked_again():
    error, asked, _ = ask(list_secrets, answer(503, **{"x-should-retry": "false"}))
    assert isinstance(error, CloudflareInconclusive)
    assert len(asked) == 1
    assert (error.finding.expected, error.finding.cause) == ("200 and success", Cause.CLOUDFLARE)


@pytest.mark.parametrize(
    ("status", "code", "expected"), [(404, 10007, "200 and success"), (403, 10000, "CLOUDFLARE_API_TOKEN")]
)
def test_a_refusal_has_the_codes_of_the_api(status, code, expected):
    error, _, _ = ask(list_secrets, refusal(status, code))
    assert isinstance(error, CloudflareInconclusive)
    assert error.codes == {code}
    assert expected in error.finding.expected


def test_an_answer_that_echoes_the_token_is_masked():
    error, _, _ = ask(list_secrets, answer(400, {"errors": [{"code": 1, "message": f"bad {TOKEN}"}]}))
    assert TOKEN not in error.finding.found
    assert "***" in error.finding.found


def test_a_tail_is_opened_with_retries_and_closed_with_one_request():
    found, asked, _ = ask(
        lambda transport: Tails(transport=transport).open("w"), answer(502), envelope({"id": "t1", "url": "wss://x"})
    )
    path = "/accounts/acc/workers/scripts/w/tails"
    assert (found, asked) == (("t1", "wss://x"), [f"POST {path}"] * 2)
    error, asked, _ = ask(lambda transport: Tails(transport=transport).close("w", "t1"), answer(500))
    assert isinstance(error, TransientError)
    assert asked == [f"DELETE {path}/t1"]


@pytest.mark.parametrize(
    ("reply", "expected"),
    [(envelope({"id": 5}), "an answer of the documented form"), (refusal(400, 10057), "200 and success")],
)
def test_a_tail_that_cannot_be_opened_is_a_finding(reply, expected):
    error, _, _ = ask(lambda transport: Tails(transport=transport).open("w"), reply)
    assert isinstance(error, CloudflareInconclusive)
    assert error.finding.expected == expected


def test_without_a_token_the_finding_names_the_variable():
    deadline = Deadline.starting_now(1.0)
    transport = httpx.MockTransport(lambda _: pytest.fail("a request was sent"))
    opened = Http.open("https://api.example.org", cause=Cause.CLOUDFLARE, deadline=deadline, transport=transport)
    with opened as http, pytest.raises(CloudflareInconclusive, match="CLOUDFLARE_API_TOKEN is not set"):
        ApiTransport(http=http, account_id="acc", token=None).create_client().list_secrets("w")


def test_many_requests_keep_the_limit_of_the_api(monkeypatch):
    """Case C6: a thorough run waits, instead of being refused for five minutes."""
    monkeypatch.setattr("checks.clients.cloudflare.rate_limit.MAX_REQUESTS", 10)
    sent = []

    def read_many(api):
        client = api.create_client()
        api.rate_limit.times = deque(maxlen=10)
        for _ in range(25):
            client.list_secrets("w")
            sent.append(api.http.deadline.clock())

    _, asked, clock = ask(read_many, envelope([]), seconds=3_600.0)
    assert len(asked) == 25
    assert all(later - earlier >= 300.0 for earlier, later in zip(sent, sent[10:], strict=False))
    assert clock() - sent[0] < 601.0


def test_a_wait_beyond_the_deadline_is_inconclusive(monkeypatch):
    """Case C6: the finding names the limit."""
    monkeypatch.setattr("checks.clients.cloudflare.rate_limit.MAX_REQUESTS", 2)

    def read_many(api):
        api.rate_limit.times = deque(maxlen=2)
        for _ in range(3):
            api.create_client().list_secrets("w")

    error, asked, _ = ask(read_many, envelope([]))
    assert len(asked) == 2
    assert (error.finding.cause, error.finding.found) == (
        Cause.CHECKER,
        "more, and the deadline is before the next one may be sent, in 300 s",
    )
