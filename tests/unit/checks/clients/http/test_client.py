"""Requests are bounded in time and size, follow no redirect, and never show their credentials."""

import httpx
import pytest

from checks.clients.http.client import Http
from checks.clients.worker.client import BackfillWorker
from checks.model.credentials import Secret
from checks.model.deadline import Deadline
from checks.model.finding import Cause, Inconclusive, TransientError
from tests.fakes.clock import Clock

TOKEN = Secret("canary-Zq7xV2pL9tB4wR8nK3mD6")


def ask(handler, *, base="https://example.org", clock=None, secrets=(), **options):
    clock = clock or Clock()
    deadline = Deadline.starting_now(60.0, clock=clock, sleep=clock.sleep)
    transport = httpx.MockTransport(handler)
    with Http.open(base, cause=Cause.WORKER, deadline=deadline, transport=transport, secrets=secrets) as http:
        return http.send("GET", "/x", **options)


def streamed(*chunks):
    def handler(request):
        return httpx.Response(200, stream=Stream(chunks))

    return handler


class Stream(httpx.SyncByteStream):
    def __init__(self, chunks):
        self.chunks = chunks

    def __iter__(self):
        for chunk in self.chunks:
            yield chunk() if callable(chunk) else chunk


def test_an_answer_is_read_as_it_was_sent():
    def handler(request):
        assert request.headers["Accept-Encoding"] == "identity"
        assert request.headers["Authorization"] == f"Bearer {TOKEN.reveal()}"
        return httpx.Response(200, headers={"Content-Encoding": "gzip"}, stream=Stream([b"\x1f\x8b raw"]))

    assert ask(handler, token=TOKEN).body == b"\x1f\x8b raw"


def test_a_secret_is_masked_in_an_answer_and_a_short_word_is_not():
    """The path of a webhook, such as `/x`, is in data by chance, and a changed object does not decompress."""
    secrets = ("x", "alert", TOKEN.reveal())
    assert ask(streamed(b"text of an alert"), secrets=secrets).body == b"text of an alert"
    assert ask(streamed(TOKEN.reveal().encode()), secrets=secrets).body == b"***"


def test_a_redirect_is_an_answer():
    answer = ask(lambda request: httpx.Response(302, headers={"Location": "https://evil.example"}, stream=Stream([])))
    assert (answer.status, answer.shown) == (302, "302 (empty)")


def test_a_large_answer_is_refused():
    with pytest.raises(Inconclusive, match="a larger one"):
        ask(streamed(b"x" * 600, b"x" * 600), limit=1000)


def test_a_slow_answer_ends_with_the_deadline():
    clock = Clock()
    with pytest.raises(TransientError, match="a part of it"):
        ask(streamed(lambda: clock.sleep(50) or b"x", lambda: clock.sleep(50) or b"x", b"x"), clock=clock)


@pytest.mark.parametrize(
    ("passed", "cause", "found"),
    [
        (0, Cause.WORKER, "ReadTimeout"),
        (55, Cause.CHECKER, "ReadTimeout after 5 s: the deadline of this run was the limit"),
    ],
)
def test_a_request_that_the_deadline_cuts_short_says_nothing_about_the_system(passed, cause, found):
    clock = Clock()
    deadline = Deadline.starting_now(60.0, clock=clock, sleep=clock.sleep)
    clock.advance(passed)

    def hang(request):
        raise httpx.ReadTimeout("")

    with (
        Http.open(
            "https://example.org", cause=Cause.WORKER, deadline=deadline, transport=httpx.MockTransport(hang)
        ) as (http),
        pytest.raises(TransientError) as caught,
    ):
        http.send("GET", "/x")
    assert (caught.value.cut_short, caught.value.finding.cause) == (passed > 0, cause)
    assert caught.value.finding.found == found


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (httpx.ConnectTimeout(""), TransientError),
        (httpx.ReadError("reset"), TransientError),
        (httpx.RemoteProtocolError("half an answer"), TransientError),
        (httpx.UnsupportedProtocol("ftp"), Inconclusive),
        (httpx.LocalProtocolError("Illegal header value"), Inconclusive),
    ],
)
def test_errors_that_a_retry_can_cure_have_their_own_type(error, kind):
    def handler(request):
        raise error

    with pytest.raises(Inconclusive) as caught:
        ask(handler)
    assert type(caught.value) is kind
    assert type(error).__name__ in caught.value.finding.found


def test_a_token_is_never_sent_without_tls():
    def handler(request):
        pytest.fail("asked")

    with pytest.raises(Inconclusive, match="plain http"):
        ask(handler, base="http://example.org", token=TOKEN)


@pytest.mark.parametrize(
    ("body", "data"),
    [
        (b'{"a": 1}', {"a": 1}),
        (b"[1]", None),
        (b"", None),
        (b"\xff", None),
        (b'{"a": NaN}', None),
        (b"[" * 10**5, None),
    ],
)
def test_only_an_object_is_json(body, data):
    assert ask(streamed(body)).json == data


@pytest.mark.parametrize(("text", "waited"), [("3", 3.0), ("soon", 0.25), ("-1", 0.25), ("999999", None)])
def test_retry_after_is_honoured_within_reason(text, waited):
    clock, replies = Clock(), [httpx.Response(200, stream=Stream([b"{}"]))]
    busy = [httpx.Response(429, headers={"Retry-After": text}, stream=Stream([]))]
    deadline = Deadline.starting_now(60.0, clock=clock, sleep=clock.sleep)
    transport = httpx.MockTransport(lambda request: (busy or replies).pop())
    with Http.open("https://example.org", cause=Cause.WORKER, deadline=deadline, transport=transport) as http:
        assert BackfillWorker(http=http).fetch_status(None).status == 200
    assert clock.slept == [waited or 0.25]
