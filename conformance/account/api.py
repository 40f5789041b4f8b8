"""Reads and changes one account by Cloudflare's API. The client of the program and of the checks reads only.

Source: docs/reference/cloudflare-api.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from cloudflare_client.client import account_path
from cloudflare_client.errors import (
    ApiRefusedError,
    ApiUnreachableError,
    CloudflareError,
    refusal,
)
from cloudflare_client.http_answer import HttpAnswer
from cloudflare_client.httpx_transport import open_http
from cloudflare_client.retry import RetryPolicy
from cloudflare_client.transport import is_transient

MAX_SECONDS = 30.0  # of one attempt
REPEATABLE = frozenset({"GET", "PUT", "DELETE"})  # a repeated POST could create twice

StartRetries = Callable[[], RetryPolicy]


@dataclass(slots=True, kw_only=True)
class Api:
    """Sends requests for one account and counts them. ``http`` has the token in its headers."""

    http: httpx.Client
    base_url: str
    account_id: str
    start_retries: StartRetries = RetryPolicy.start
    requests: int = 0

    def read(self, path: str, **params: str) -> Any:
        """Return the ``result`` of a GET below the account. Raises CloudflareError."""
        return self.call("GET", path, params=params)

    def read_bytes(self, path: str) -> bytes:
        """Return the body of a GET below the account. Raises CloudflareError."""
        answer = self._send("GET", path, {})
        if answer.status != httpx.codes.OK:
            raise refusal(answer)
        return answer.body

    def call(self, method: str, path: str, **sent: Any) -> Any:
        """Return the ``result`` of a request below the account. Raises CloudflareError.

        ``sent`` are httpx's own: ``params``, ``json``, ``content``, ``files``. A POST or PATCH is sent once.
        """
        answer = self._send(method, path, sent)
        body = answer.json or {}
        if not httpx.codes.is_success(answer.status) or body.get("success") is not True:
            raise refusal(answer)
        return body.get("result")

    def _send(self, method: str, path: str, sent: Mapping[str, Any]) -> HttpAnswer:
        if method not in REPEATABLE:
            return self._attempt(method, path, sent)
        try:
            return self.start_retries().run(lambda: self._raise_transient(self._attempt(method, path, sent)))
        except ApiRefusedError as error:
            return error.answer

    def _raise_transient(self, answer: HttpAnswer) -> HttpAnswer:
        if is_transient(answer):
            raise refusal(answer)
        return answer

    def _attempt(self, method: str, path: str, sent: Mapping[str, Any]) -> HttpAnswer:
        self.requests += 1
        url = self.base_url + account_path(self.account_id, path)
        try:
            response = self.http.request(method, url, timeout=MAX_SECONDS, **sent)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise ApiUnreachableError(type(error).__name__, self.base_url) from None
        request = f"{method} {self.base_url}{account_path(self.account_id, path)}"
        return HttpAnswer(request=request, status=response.status_code, headers=response.headers, body=response.content)


def explain(error: CloudflareError) -> str:
    """Return one line about an error. A refused change names the permission to change, not the one to read."""
    if not isinstance(error, ApiRefusedError):
        return str(error)
    method, _, url = error.answer.request.partition(" ")
    expected = error.expected
    if error.is_unauthorised and "/d1/" in url:
        expected = "a CLOUDFLARE_API_TOKEN with the permission D1: Edit"
    elif expected is not None and method != "GET":
        expected = expected.replace(": Read", ": Edit")
    place = url.partition("/accounts/")[2].partition("/")[2]
    text = f"{method} {place} was answered with {error.reason}"
    return text if expected is None else f"{text}: expected {expected}"


@contextmanager
def connect(*, base_url: str, account_id: str, token: str, network: httpx.BaseTransport | None = None) -> Iterator[Api]:
    """Yield the API of an account. ``network`` replaces the network in tests. Raises UnusableSettingsError."""
    with open_http(token, network) as http:
        yield Api(http=http, base_url=base_url.rstrip("/"), account_id=account_id)
