"""Cloudflare's API as the official plugin calls it: bearer token, envelope, and retries of what time may cure."""

import asyncio
from collections.abc import Mapping
from typing import Any

import httpx

_RETRIED = frozenset({408, 409, 429})
_LONGEST_PAUSE = 0.25  # seconds; the official plugin waits up to 8 s, nobody should in a rehearsal


class ApiError(Exception):
    """What the API refused, in one line with its code and message."""

    def __init__(self, *, request: str, status: int, reason: str, errors: list[Mapping[str, Any]]) -> None:
        self.status = status
        self.codes = tuple(error.get("code") for error in errors)
        told = "; ".join(f"{error.get('code')}: {error.get('message')}" for error in errors) or "no error in the answer"
        super().__init__(" ".join(f"failed to make http request: {request}: {status} {reason} ({told})".split()))


class Api:
    """One account holder's access; `pause` (seconds) doubles from retry to retry, up to a quarter of a second."""

    def __init__(
        self,
        *,
        base: str,
        token: str,
        attempts: int = 11,
        pause: float = 0.02,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._attempts, self._pause = attempts, pause
        headers = {"Authorization": f"Bearer {token}"}
        self._http = httpx.AsyncClient(
            base_url=base.rstrip("/") + "/", headers=headers, timeout=120, transport=transport, trust_env=False
        )

    async def result(self, method: str, path: str, **options: Any) -> Any:
        """Return the envelope's `result`, or raise ApiError."""
        return (await self.answer(method, path, **options)).json().get("result")

    async def found(self, method: str, path: str, **options: Any) -> Any:
        """Return the envelope's `result`, or None when there is no such thing (404)."""
        try:
            return await self.result(method, path, **options)
        except ApiError as error:
            if error.status == httpx.codes.NOT_FOUND:
                return None
            raise

    async def answer(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Return a successful answer whole, or raise ApiError; 408, 409, 429 and 5xx are tried again, ten times."""
        for attempt in range(self._attempts):
            response = await self._once(method, path, **options)
            if isinstance(response, httpx.Response) and response.is_success:
                return response
            if attempt == self._attempts - 1 or not _worth_another_try(response):
                break
            await asyncio.sleep(min(self._pause * 2**attempt, _LONGEST_PAUSE))
        raise _refusal(f"{method} {path}", response)

    async def _once(self, method: str, path: str, **options: Any) -> httpx.Response | httpx.TransportError:
        try:
            return await self._http.request(method, path, **options)
        except httpx.TransportError as error:
            return error


def _worth_another_try(answer: httpx.Response | httpx.TransportError) -> bool:
    if isinstance(answer, httpx.TransportError):
        return True
    asked = answer.headers.get("x-should-retry")
    if asked in {"true", "false"}:
        return bool(asked == "true")
    return answer.status_code in _RETRIED or answer.is_server_error


def _refusal(request: str, answer: httpx.Response | httpx.TransportError) -> ApiError:
    if isinstance(answer, httpx.TransportError):
        return ApiError(request=request, status=0, reason="no answer", errors=[{"code": 0, "message": str(answer)}])
    try:
        errors = answer.json()["errors"]
    except (ValueError, KeyError, TypeError):
        errors = []
    return ApiError(request=request, status=answer.status_code, reason=answer.reason_phrase, errors=errors or [])
