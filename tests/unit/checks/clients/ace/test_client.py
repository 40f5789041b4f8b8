"""The client of ACE: every row of a window once, despite its cursor's defect, and each refusal by its kind."""

import base64
import contextlib
import gzip
import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import httpx
import pytest

from checks.clients.ace import client as client
from checks.clients.ace.client import Ace
from checks.clients.ace.pages import Cursor, Row, find_next_cursor
from checks.clients.ace.refusals import AceError, RefusalKind
from checks.clients.http.client import Http
from checks.model.credentials import Secret
from checks.model.deadline import Deadline
from checks.model.finding import Cause, Inconclusive, ShapeError, TransientError
from rehearsal.ace.page_request import read_page_request
from rehearsal.ace.samples import Sample
from rehearsal.ace.window import cut_page, cut_stalled_page
from tests.fakes.answers import answer, fresh, response
from tests.fakes.clock import Clock
from tests.fakes.manifest import KEY
from tests.fakes.volume import Volume

START = datetime(2024, 12, 10, tzinfo=UTC)


END = START + timedelta(days=1)


NAIVE = datetime(2024, 12, 10)  # noqa: DTZ001 - ACE's own


@contextlib.contextmanager
def open_ace(handle, *, key=KEY, seconds=60.0, clock=None):
    clock = clock or Clock()
    deadline = Deadline.starting_now(seconds, clock=clock, sleep=clock.sleep)
    opened = Http.open("https://ace.example.org", cause=Cause.ACE, deadline=deadline,
                       transport=httpx.MockTransport(lambda request: fresh(handle(request))))  # fmt: skip
    with opened as http:
        yield Ace(http=http, site="ses_falls_city", key=Secret(key) if key else None)


def rows(handle, *, size=1000, **options):
    with open_ace(handle, **options) as ace:
        return list(ace.fetch_rows(START, END, size=size))


def serving(samples, cut=cut_page, **options):
    return lambda request: httpx.Response(
        200, content=cut(samples, read_page_request(request.url.params), **options).encode()
    )


def body(*samples, more=False, cursor=None, **changes):
    data = {"point_samples": list(samples), "has_more": more, "next_cursor": cursor} | changes
    return answer(200, {name: value for name, value in data.items() if value != "absent"})


GOOD = {"name": "p", "value": "1", "time": "2024-12-10T00:00:00"}


@pytest.mark.parametrize("size", [3, 10, 50, 100, 500, 1000, 5000])
@pytest.mark.parametrize("quirks", [True, False])
def test_every_row_comes_once_with_any_page_size_despite_the_cursors_defect(size, quirks):
    source = Volume(site="ses_falls_city", count=37, interval=timedelta(minutes=15), odd_every=5).samples(
        NAIVE, NAIVE + timedelta(hours=20)
    )
    found = rows(serving(source, quirks=quirks), size=size)
    assert [(row.name, row.value) for row in found] == [(name, value) for name, value, _ in source]
    assert found[0].at == int(START.timestamp()) * 10**6


def test_the_window_is_requested_raw_and_in_utc():
    seen = []

    def handle(request):
        seen.append(request)
        return body()

    assert rows(handle) == []
    assert dict(seen[0].url.params) == {
        "start_time": "2024-12-10T00:00:00Z",
        "end_time": "2024-12-11T00:00:00Z",
        "page_size": "1000",
        "raw_data": "true",
    }
    assert seen[0].headers["Authorization"] == f"Bearer {KEY}"
    assert seen[0].url.path == "/api/sites/ses_falls_city/timeseries/paginated"


def test_microseconds_and_times_with_a_zone():
    later = {"name": "q", "value": "", "time": "2024-12-10T00:00:00.000123+00:00"}
    assert [row.at - int(START.timestamp()) * 10**6 for row in rows(lambda _: body(GOOD, later))] == [0, 123]


def test_a_row_at_the_end_is_the_next_days():
    assert len(rows(lambda _: body(GOOD, GOOD | {"time": "2024-12-11T00:00:00"}))) == 1


def test_an_empty_window_in_both_forms():
    assert rows(lambda _: body()) == []
    assert rows(lambda _: answer(404, {"message": "No data for time period"})) == []


@pytest.mark.parametrize(
    ("reply", "trouble", "text"),
    [
        (answer(500, {"message": "An unhandled exception occurred."}), RefusalKind.WRONG_KEY, "probably a wrong key"),
        (answer(401, {"message": "Token has expired"}), RefusalKind.NOT_ALLOWED, "401"),
        (answer(403, {"id": None, "name": None}), RefusalKind.UNKNOWN_SITE, "the site does not exist"),
        (answer(403, {"message": "no"}), RefusalKind.NOT_ALLOWED, "may not read"),
        (answer(403), RefusalKind.NOT_ALLOWED, "may not read"),
        (answer(400, {"errors": {"page_size": "x", "evil": "y"}}), RefusalKind.BAD_PARAMETER, "refuses page_size"),
        (answer(400, {"errors": 5}), RefusalKind.BAD_PARAMETER, "a parameter"),
        (answer(404, {"message": 5}), RefusalKind.NOT_ACE, "404"),
        (answer(302, Location="https://evil.example.org"), RefusalKind.NOT_ACE, "not followed"),
        (answer(204), RefusalKind.NOT_ACE, "204"),
        (httpx.Response(200, text="<html>"), RefusalKind.SHAPE, "no JSON object: 200 <html>"),
        (answer(200, [GOOD]), RefusalKind.SHAPE, "no JSON object"),
        (body(point_samples="absent", data=[]), RefusalKind.SHAPE, "its fields: data, has_more"),
        (answer(200, {}), RefusalKind.SHAPE, "its fields: none"),
        (body(has_more=1), RefusalKind.SHAPE, "has_more"),
        (body(more=True, cursor="x"), RefusalKind.SHAPE, "the rows or next_cursor are missing"),
        (body(GOOD, more=True), RefusalKind.SHAPE, "the rows or next_cursor are missing"),
        (body(GOOD, cursor="x"), RefusalKind.SHAPE, "next_cursor is set"),
        (body(5), RefusalKind.SHAPE, "a row is not an object"),
        (body(GOOD | {"value": [1]}), RefusalKind.SHAPE, "a value that is a text, a number, a boolean or null"),
        (body({"name": "p", "time": GOOD["time"]}), RefusalKind.SHAPE, "a value that is a text"),
        (body(GOOD | {"name": ""}), RefusalKind.SHAPE, "name and time as texts"),
        (body(GOOD | {"time": "yesterday"}), RefusalKind.SHAPE, "ISO 8601"),
        (body(GOOD | {"time": "2024-12-09T23:59:59"}), RefusalKind.SHAPE, "outside its window"),
    ],
)
def test_each_refusal_has_its_kind_and_is_not_retried(reply, trouble, text):
    clock = Clock()
    with pytest.raises(AceError) as caught:
        rows(lambda _: reply, clock=clock)
    assert caught.value.kind is trouble
    assert text in caught.value.finding.found
    assert clock.slept == []


def test_without_a_key_there_is_no_request():
    with pytest.raises(AceError) as caught:
        rows(None, key="")
    assert caught.value.kind is RefusalKind.NO_KEY


def test_a_limited_request_is_retried_after_the_time_that_ace_names():
    clock = Clock()
    replies = [body(GOOD), answer(429, **{"retry-after": "9"}), answer(503), httpx.Response(500, text="<html>")]
    assert len(rows(lambda _: replies.pop(), clock=clock)) == 1
    assert clock.slept == [0.25, 0.5, 9.0]


@pytest.mark.parametrize(
    ("reply", "text"),
    [
        (answer(429, **{"retry-after": "90"}), "429: ACE limits the rate (Retry-After: 90 s)"),
        (answer(429), "429: ACE limits the rate"),
        (answer(503), "an outage: 503"),
        (answer(408), "an outage: 408"),
        (answer(500, {"message": "another"}), "an outage: 500"),
    ],
)
def test_an_outage_until_the_deadline(reply, text):
    with pytest.raises(TransientError) as caught:
        rows(lambda _: reply, seconds=3.0)
    assert caught.value.finding.found.startswith(text)
    assert caught.value.finding.cause is Cause.ACE


def test_an_answer_that_is_too_large(monkeypatch):
    monkeypatch.setattr(client, "MAX_PAGE_BYTES", 10)
    with pytest.raises(Inconclusive, match="a larger one"):
        rows(lambda _: body(GOOD))


def test_a_body_larger_than_its_rows_can_be_is_not_read():
    """Ten rows never take 2 MB: parsing them would delay every other check."""
    reply = answer(200, {"point_samples": [{}] * 500_000, "has_more": False, "next_cursor": None})
    with open_ace(lambda _: reply) as ace, pytest.raises(Inconclusive, match="a larger one") as caught:
        ace.fetch_page(START, END, size=10)
    assert caught.value.finding.expected == "an answer of at most 70,656 bytes"


def test_pages_without_end_are_bounded(monkeypatch):
    source = [Sample("p", str(n), NAIVE + timedelta(seconds=n)) for n in range(20)]
    for cut, options, text in ((cut_stalled_page, {}, "row|page"), (cut_page, {"quirks": True}, "more than 2 pages")):
        monkeypatch.setattr(client, "MAX_PAGES", 2 if cut is cut_page else 2000)
        with pytest.raises(AceError, match=text):
            rows(serving(source, cut, **options), size=3)


def test_the_same_page_twice():
    opaque = iter(["a", "b"])
    with pytest.raises(AceError, match="the same page twice"):
        rows(lambda _: body(GOOD, more=True, cursor=next(opaque)))


def at(text):
    return GOOD | {"time": f"2024-12-10T{text}"}


@pytest.mark.parametrize("value", [None, True, False, 72, -2.5, "on", ""])
def test_a_value_of_any_plain_type_is_read_as_it_is(value):
    """Case A1."""
    assert [row.value for row in rows(lambda _: body(GOOD | {"value": value}))] == [value]


def test_a_number_keeps_all_its_digits():
    """Cases A1 and T7."""
    text = json.dumps({"point_samples": [GOOD], "has_more": False, "next_cursor": None})
    content = text.replace('"1"', "0.1000000000000000001").encode()
    assert rows(lambda _: httpx.Response(200, content=content))[0].value == Decimal("0.1000000000000000001")


def test_an_empty_last_page_is_the_end():
    """Case A2."""
    pages = [body(), body(GOOD, more=True, cursor="a")]
    assert len(rows(lambda _: pages.pop())) == 1


def test_a_point_twice_at_one_time_across_a_page_edge():
    """Case A3."""
    pages = [body(GOOD | {"value": "2"}), body(GOOD, more=True, cursor=encoded(1))]
    assert [row.value for row in rows(lambda _: pages.pop())] == ["1", "2"]


@pytest.mark.parametrize("time", ["05:00:00+0500", "00:00:00Z", "00:00", "00:00+0000", "00:00:00+00:00"])
def test_times_with_an_offset_or_without_seconds(time):
    """Case A4."""
    assert rows(lambda _: body(at(time)))[0].at == AT


def test_rows_of_a_page_in_any_order():
    """Case A5: the next page begins at the latest time of this one, or after it."""
    pages = [body(at("03:00:00")), body(at("02:00:00"), at("00:00:00"), at("01:00:00"), more=True, cursor="a")]
    assert len(rows(lambda _: list(pages)[-1] if len(pages) == 1 else pages.pop())) == 4
    pages = [body(at("01:30:00")), body(at("02:00:00"), at("00:00:00"), more=True, cursor="a")]
    with pytest.raises(AceError, match="older than the rows of the page before"):
        rows(lambda _: pages.pop())


def test_the_same_row_twice_in_a_page():
    """Case A6."""
    assert len(rows(lambda _: body(GOOD, GOOD))) == 2


def test_a_compressed_answer():
    """Case A7: ACE compresses, although the request asks for no encoding."""
    content = json.dumps({"point_samples": [GOOD], "has_more": False, "next_cursor": None}).encode()
    assert len(rows(lambda _: response(200, gzip.compress(content), {"Content-Encoding": "gzip"}))) == 1
    with pytest.raises(Inconclusive, match="DecodingError"):
        rows(lambda _: response(200, content, {"Content-Encoding": "gzip"}))


def encoded(offset, timestamp="2024-12-10T00:00:00", **more):
    return base64.b64encode(json.dumps({"offset": offset, "timestamp": timestamp, **more}).encode()).decode()


AT = int(START.timestamp()) * 10**6


def test_a_cursor_of_the_right_arithmetic_and_a_repaired_one():
    taken = [Row("p", "1", AT), Row("q", "1", AT)]
    assert find_next_cursor(encoded(2), None, taken).text == encoded(2)
    sent = Cursor(text="", at=AT, offset=5)
    assert find_next_cursor(encoded(7), sent, taken).text == encoded(7)
    repaired = find_next_cursor(encoded(2, other="kept"), sent, taken)
    assert json.loads(base64.b64decode(repaired.text)) == {
        "offset": 7,
        "timestamp": "2024-12-10T00:00:00",
        "other": "kept",
    }


@pytest.mark.parametrize("given", [encoded(3), encoded(1), encoded(1, "2024-12-10T00:00:01")])
def test_a_cursor_of_another_arithmetic_may_skip_rows(given):
    with pytest.raises(ShapeError, match="a cursor to row"):
        find_next_cursor(given, None, [Row("p", "1", AT), Row("q", "1", AT)])


def test_a_row_beyond_such_a_cursor_ends_the_reading():
    with pytest.raises(AceError, match="a cursor to row 5"):
        rows(lambda _: body(GOOD, more=True, cursor=encoded(5)))


@pytest.mark.parametrize("text", ["!", encoded("1"), encoded(-1), encoded(1, "soon"), encoded(1, 5),
                                  base64.b64encode(b"[]").decode(), base64.b64encode(b"{}").decode()])  # fmt: skip
def test_an_opaque_cursor_is_used_as_it_is(text):
    assert find_next_cursor(text, None, []) == Cursor(text=text)
