"""Temporary errors are retried, others are final, and a refusal has the whole body of the answer, as officially."""

import asyncio
from collections.abc import Callable

import httpx
import pytest

from rehearsal.pulumi_stand_ins.api_client import ApiClient, ApiRequestError

OK = {"success": True, "result": {"name": "found"}}
NO = {"success": False, "errors": [{"code": 10004, "message": "already exists"}]}
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
    assert "terraform" in seen[0].headers["user-agent"]  # Cloudflare keeps it as the source of an upload
    assert str(seen[0].url) == "http://127.0.0.1:1/client/v4/accounts/a/thing"


def test_ten_retries_then_the_refusal_as_the_official_plugin_shows_it() -> None:
    handle, seen = _answers(httpx.Response(409, json=NO))
    with pytest.raises(ApiRequestError) as refused:
        _ask(handle)
    assert len(seen) == 11
    body = '{"success":false,"errors":[{"code":10004,"message":"already exists"}]}'
    detail = f'GET "http://127.0.0.1:1/client/v4/accounts/a/thing": 409 Conflict {body}'
    assert str(refused.value) == f"failed to make http request: {detail}"
    assert refused.value.logged == f"[ERROR] {detail}: failed to make http request"


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
    with pytest.raises(ApiRequestError, match=r"502 Bad Gateway <html>$"):
        _ask(_answers(httpx.Response(502, text="<html>"))[0])


def test_no_connection_is_an_error_after_the_retries() -> None:
    tried = 0

    def refuse(request: httpx.Request) -> httpx.Response:
        nonlocal tried
        tried += 1
        raise httpx.ConnectError("refused", request=request)

    with pytest.raises(ApiRequestError, match=r'Get "http://127\.0\.0\.1:1/client/v4/accounts/a/thing": refused'):
        _ask(refuse, attempts=3)
    assert tried == 3
