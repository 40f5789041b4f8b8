import pytest

from cloudflare_client.http_answer import HttpAnswer


def answer(body=b"", **headers):
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    return HttpAnswer(request="GET /x", status=200, headers=headers, body=body)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'{"a": 1}', {"a": 1}),
        (b"[1]", None),
        (b"", None),
        (b"\xff", None),
        (b'{"a": NaN}', None),
        (b"[" * 10**5, None),
    ],
)
def test_only_an_object_is_json(body, expected):
    assert answer(body).json == expected


def test_the_start_of_the_body_is_shown_in_one_line():
    assert answer(b"a\n  b\xff").shown == "200 a b\ufffd"
    assert answer(b"x" * 500).shown == "200 " + "x" * 200
    assert answer().shown == "200 (empty)"


@pytest.mark.parametrize(
    ("text", "seconds"), [("3", 3.0), ("soon", 0.0), ("-1", 0.0), ("\u00b2", 0.0), ("999999", 0.0)]
)
def test_retry_after_is_read_as_seconds(text, seconds):
    assert answer(retry_after=text).retry_after == seconds
    assert answer().retry_after == 0.0
