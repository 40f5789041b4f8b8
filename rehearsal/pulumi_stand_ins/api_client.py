"""A client of Cloudflare's API that behaves as the official plugin: bearer token, envelope and retries."""

import asyncio
from typing import Any

import httpx

_RETRIED = frozenset({408, 409, 429})
_MAX_PAUSE = 0.25  # seconds. The official plugin waits up to 8 s, which is too long for a rehearsal
_SUMMARY = "failed to make http request"
_USER_AGENT = "terraform-provider-cloudflare/5.19.1"  # Cloudflare keeps it as `last_deployed_from`


class ApiRequestError(Exception):
    """A request that the API refused, with the whole body of the answer, as the official plugin shows it."""

    def __init__(self, detail: str, *, status: int) -> None:
        self.status = status
        super().__init__(f"{_SUMMARY}: {detail}")
        self.logged = f"[ERROR] {detail}: {_SUMMARY}"


class ApiClient:
    """The API with one token. `pause` (seconds) doubles from retry to retry, up to a quarter of a second."""

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
        headers = {"Authorization": f"Bearer {token}", "User-Agent": _USER_AGENT}
        self._http = httpx.AsyncClient(
            base_url=base.rstrip("/") + "/",
            headers=headers,
            timeout=120,
            transport=transport,
            trust_env=False,
            verify=not base.startswith("http:"),  # without TLS, certificates would be loaded for nothing
        )

    async def fetch_result(self, method: str, path: str, **options: Any) -> Any:
        """Return the envelope's `result`. Raises ApiRequestError."""
        return (await self.fetch(method, path, **options)).json().get("result")

    async def find_result(self, method: str, path: str, **options: Any) -> Any:
        """Return the envelope's `result`, None for 404. Raises ApiRequestError."""
        try:
            return await self.fetch_result(method, path, **options)
        except ApiRequestError as error:
            if error.status == httpx.codes.NOT_FOUND:
                return None
            raise

    async def fetch(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Return a successful response. Retries 408, 409, 429, 5xx and broken connections. Raises ApiRequestError."""
        for attempt in range(self._attempts):
            response = await self._try(method, path, **options)
            if isinstance(response, httpx.Response) and response.is_success:
                return response
            if attempt == self._attempts - 1 or not _is_retried(response):
                break
            await asyncio.sleep(min(self._pause * 2**attempt, _MAX_PAUSE))
        raise _make_error(method, self._http.base_url.join(path), response)

    async def _try(self, method: str, path: str, **options: Any) -> httpx.Response | httpx.TransportError:
        try:
            return await self._http.request(method, path, **options)
        except httpx.TransportError as error:
            return error


def _is_retried(answer: httpx.Response | httpx.TransportError) -> bool:
    if isinstance(answer, httpx.TransportError):
        return True
    asked = answer.headers.get("x-should-retry")
    if asked in {"true", "false"}:
        return bool(asked == "true")
    return answer.status_code in _RETRIED or answer.is_server_error


def _make_error(method: str, url: httpx.URL, answer: httpx.Response | httpx.TransportError) -> ApiRequestError:
    if isinstance(answer, httpx.TransportError):
        return ApiRequestError(f'{method.capitalize()} "{url}": {answer}', status=0)
    status = f"{answer.status_code} {answer.reason_phrase}"
    return ApiRequestError(f'{method} "{url}": {status} {answer.text}', status=answer.status_code)
