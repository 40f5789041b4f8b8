"""The program's transport: httpx with limits and retries, without redirects."""

from __future__ import annotations

import functools
import os
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import httpx

from cloudflare_client.client import CloudflareClient
from cloudflare_client.errors import ApiUnreachableError, UnknownShapeError, UnusableSettingsError, refusal
from cloudflare_client.http_answer import HttpAnswer
from cloudflare_client.retry import RetryPolicy
from cloudflare_client.transport import is_transient

MAX_SECONDS = 10.0  # of one attempt
MIN_SECONDS = 5.0  # of one attempt that starts near the end of the retries
FINAL = (httpx.UnsupportedProtocol, httpx.LocalProtocolError)  # a retry cannot succeed


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpxTransport:
    """Sends requests through an httpx client, which has the token in its headers."""

    base_url: str
    http: httpx.Client
    retries: RetryPolicy

    def get(self, path: str, *, params: Mapping[str, str], headers: Mapping[str, str], limit: int) -> HttpAnswer:
        """Return the answer. Raises ApiUnreachableError, ApiRefusedError if it stays transient, UnknownShapeError."""
        return self.retries.run(lambda: self._attempt(path, params, headers, limit))

    def _attempt(self, path: str, params: Mapping[str, str], headers: Mapping[str, str], limit: int) -> HttpAnswer:
        seconds = max(MIN_SECONDS, min(MAX_SECONDS, self.retries.left()))
        try:
            with self.http.stream(
                "GET", self.base_url + path, params=params, headers=headers, timeout=seconds
            ) as response:
                body = self._read(response, limit, self.retries.clock() + seconds)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            final = isinstance(error, (*FINAL, httpx.InvalidURL))
            raise ApiUnreachableError(type(error).__name__, self.base_url, is_transient=not final) from None
        request = f"GET {self.base_url}{path}"
        answer = HttpAnswer(request=request, status=response.status_code, headers=response.headers, body=body)
        if is_transient(answer):
            raise refusal(answer)
        return answer

    def _read(self, response: httpx.Response, limit: int, end: float) -> bytes:
        """Return the body, which is bounded in bytes and, because it may arrive in drops, in seconds."""
        body = bytearray()
        for chunk in response.iter_bytes():
            body += chunk
            if len(body) > limit:
                raise UnknownShapeError(f"more than {limit:,} bytes")
            if self.retries.clock() > end:
                raise ApiUnreachableError("an incomplete answer", self.base_url)
        return bytes(body)


def load_certificates(*, trust_env: bool = True) -> ssl.SSLContext:
    """Return the trusted certificates. All clients of a process share them, because loading takes about 30 ms.

    Raises OSError for a file or folder of the environment that cannot be read.
    """
    return _load_certificates(trust_env, os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR"))


@functools.cache  # for each value of the environment that selects the certificates
def _load_certificates(trust_env: bool, _file: str | None, _folder: str | None) -> ssl.SSLContext:
    return httpx.create_ssl_context(trust_env=trust_env)


def open_http(token: str, network: httpx.BaseTransport | None = None) -> httpx.Client:
    """Return an httpx client with the token in its headers. ``network`` replaces the network in tests.

    Raises UnusableSettingsError for proxies or certificates of the environment that cannot be used.
    """
    try:
        headers = {"Authorization": f"Bearer {token}"}
        return httpx.Client(headers=headers, transport=network, verify=load_certificates())
    except (ImportError, OSError, ValueError, httpx.InvalidURL) as error:
        raise UnusableSettingsError(type(error).__name__) from None


@contextmanager
def connect(
    *,
    base_url: str,
    account_id: str,
    token: str,
    retries: RetryPolicy | None = None,
    network: httpx.BaseTransport | None = None,
) -> Iterator[CloudflareClient]:
    """Yield a client of an account. Without ``retries``, they are bounded as RetryPolicy.start does.

    ``network`` replaces the network in tests. Raises UnusableSettingsError as ``open_http`` does.
    """
    with open_http(token, network) as http:
        policy = RetryPolicy.start() if retries is None else retries
        transport = HttpxTransport(base_url=base_url.rstrip("/"), http=http, retries=policy)
        yield CloudflareClient(transport=transport, account_id=account_id)
