"""Temporary errors are retried, others are final, and a refusal is one line."""

import asyncio
from collections.abc import Callable

import httpx
import pytest

from rehearsal.pulumi_stand_ins.api_client import ApiClient, ApiRequestError

OK = {"success": True, "result": {"name": "found"}}
NO = {"success": False, "errors": [{"code": 10004, "message": "The bucket\nalready exists"}]}
Handler = Callable[[httpx.Request], httpx.Response]


def _ask(handler: Handler, *, attempts: int = 11) -> object:
    async def ask() -> object:
        api = ApiClient(
            base="http://127.0.0.1:1/client/v4",
            token="fake",
            attempts=attempts,
            pause=0,
            transport=httpx.MockTransport(handler),
        )
        return await api.find_result("GET", "accounts/a/thing")

    return asyncio.run(ask())


def _answers(*answers: httpx.Response) -> tuple[Handler, list[httpx.Request]]:
    seen: list[httpx.Request] = []

    def handle(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return answers[min(len(seen), len(answers)) - 1]

    return handle, seen


@pytest.mark.parametrize("status", [408, 409, 429, 500, 503])
def test_a_temporary_error_is_retried(status: int) -> None:
    handle, seen = _answers(httpx.Response(status, json=NO), httpx.Response(200, json=OK))
    assert _ask(handle) == {"name": "found"}
    assert len(seen) == 2
    assert seen[0].headers["authorization"] == "Bearer fake"
    assert str(seen[0].url) == "http://127.0.0.1:1/client/v4/accounts/a/thing"


def test_ten_retries_then_the_refusal_in_one_line() -> None:
    handle, seen = _answers(httpx.Response(409, json=NO))
    with pytest.raises(ApiRequestError) as refused:
        _ask(handle)
    assert len(seen) == 11
    assert "409 Conflict (10004: The bucket already exists)" in str(refused.value)
    assert "\n" not in str(refused.value)
    assert refused.value.codes == (10004,)


@pytest.mark.parametrize("status", [400, 401, 403, 405, 422])
def test_other_refusals_are_final(status: int) -> None:
    handle, seen = _answers(httpx.Response(status, json=NO), httpx.Response(200, json=OK))
    with pytest.raises(ApiRequestError):
        _ask(handle)
    assert len(seen) == 1


@pytest.mark.parametrize(("status", "header", "asked"), [(503, "false", 1), (400, "true", 2)])
def test_the_api_may_say_whether_to_retry(status: int, header: str, asked: int) -> None:
    handle, seen = _answers(httpx.Response(status, json=NO, headers={"x-should-retry": header}))
    with pytest.raises(ApiRequestError):
        _ask(handle, attempts=2)
    assert len(seen) == asked


def test_a_missing_thing_is_none() -> None:
    assert _ask(_answers(httpx.Response(404, json=NO))[0]) is None


def test_a_response_without_an_envelope_is_an_error() -> None:
    with pytest.raises(ApiRequestError, match=r"502 Bad Gateway \(no error in the answer\)"):
        _ask(_answers(httpx.Response(502, text="<html>"))[0])


def test_no_connection_is_an_error_after_the_retries() -> None:
    tried = 0

    def refuse(request: httpx.Request) -> httpx.Response:
        nonlocal tried
        tried += 1
        raise httpx.ConnectError("refused", request=request)

    with pytest.raises(ApiRequestError, match="no answer"):
        _ask(refuse, attempts=3)
    assert tried == 3
