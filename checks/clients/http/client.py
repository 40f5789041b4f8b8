"""Sends HTTP requests with limits of time and size, without redirects. Headers are never shown."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from urllib.parse import urlsplit

import httpx

from checks.clients.http import environment
from checks.clients.http.leaks import SecretFinder, note_leaks
from checks.clients.http.obstacles import find_obstacle
from checks.model.clock_readings import ClockReadings
from checks.model.credentials import Secret
from checks.model.deadline import Deadline
from checks.model.finding import Cause, Finding, Inconclusive, TransientError, UnresolvedError
from checks.model.hint import Hint
from checks.model.redaction import MIN_PART
from checks.model.urls import is_confidential, is_loopback
from cloudflare_client.http_answer import HttpAnswer
from cloudflare_client.transport import MAX_JSON_BYTES

Transport = httpx.BaseTransport  # replaces the network in tests

MIN_TIMEOUT = 0.05  # seconds, for a request just before the deadline

UNREACHED = (httpx.NetworkError, httpx.ConnectTimeout, httpx.ProxyError, httpx.RemoteProtocolError)
EDGE = (Cause.WORKER, Cause.CLOUDFLARE)  # systems at Cloudflare's edge, which does not refuse or reset connections


class BrokenOffError(TransientError):
    """An answer began and did not end: a network fault, or a server that cannot complete its answer."""


class ObstacleError(Inconclusive):
    """Something in front of the system answered: a bot challenge, Cloudflare Access, a firewall or a proxy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Http:
    """A system at a base URL. ``cause`` is the cause of a finding where the system gives no usable answer.

    ``setting`` is the setting of the stack that holds the URL, if any. ``secrets`` are masked in every answer before a
    part of it is shown, but the report alone masks one below MIN_PART, which may be a word of the data. In an answer of
    a worker ``finder`` finds them, which is a finding of the running check. ``clock_readings`` gets the time of each
    answer. Proxies and certificates of the environment apply, except for this machine itself.
    """

    base: str
    cause: Cause
    deadline: Deadline
    client: httpx.Client
    setting: str = ""
    secrets: tuple[bytes, ...] = field(default=(), repr=False)
    finder: SecretFinder | None = None
    clock_readings: ClockReadings = field(default_factory=ClockReadings, repr=False)

    @classmethod
    @contextmanager
    def open(
        cls,
        base: str,
        *,
        cause: Cause,
        deadline: Deadline,
        setting: str = "",
        secrets: Collection[str] = (),
        finder: SecretFinder | None = None,
        transport: Transport | None = None,
        clock_readings: ClockReadings | None = None,
    ) -> Iterator[Http]:
        """Yield a client for one system. ``transport`` replaces the network.

        Raises UnusableEnvironmentError for proxies or certificates of the environment that cannot be used.
        """
        headers = {"User-Agent": "building-vitals-checks", "Accept-Encoding": "identity"}
        with environment.open_client(trust_env=not is_loopback(base), transport=transport, headers=headers) as client:
            yield cls(
                base=base.rstrip("/"),
                cause=cause,
                deadline=deadline,
                client=client,
                setting=setting,
                secrets=tuple(text.encode("utf-8", "replace") for text in secrets if len(text) >= MIN_PART),
                finder=finder,
                clock_readings=ClockReadings() if clock_readings is None else clock_readings,
            )

    def send(
        self,
        method: str,
        path: str,
        *,
        token: Secret | None = None,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        content: bytes | None = None,
        limit: int = MAX_JSON_BYTES,
        timeout: float = 10.0,
        decode: bool = False,
    ) -> HttpAnswer:
        """Send one request. ``timeout`` is in seconds for each step, ``limit`` in bytes of the body.

        With ``decode`` the body is decompressed as its Content-Encoding says. An object of R2 is read as it is stored.

        Raises TransientError without an answer, ObstacleError for an answer of something in front of the system, and
        Inconclusive for a larger body or an unusable URL.
        """
        request = f"{method} {self.base}{path}"
        sent = dict(headers or {})
        if token is not None:
            if not is_confidential(self.base):
                raise Inconclusive(self._describe_unusable_url(request, "plain http, over which no token is sent"))
            sent["Authorization"] = f"Bearer {token.reveal()}"
        seconds = max(MIN_TIMEOUT, min(timeout, self.deadline.left()))
        try:
            with self.client.stream(
                method, self.base + path, params=params, headers=sent, content=content, timeout=seconds
            ) as response:
                self.clock_readings.add(self.deadline.clock(), response.headers.get("Date"))
                body = self._read_body(response, request, limit, decode=decode)
                if self.finder is not None and self.cause is Cause.WORKER:  # others hold theirs
                    note_leaks(self.finder, request, response.headers, body)
                for secret in (*self.secrets, *([] if token is None else [token.reveal().encode()])):
                    body = body.replace(secret, b"***")  # a system may echo one
                return self._refuse_obstacle(
                    HttpAnswer(request=request, status=response.status_code, headers=response.headers, body=body)
                )
        except (httpx.UnsupportedProtocol, httpx.LocalProtocolError, httpx.InvalidURL) as error:
            raise Inconclusive(self._describe_unusable_url(request, type(error).__name__)) from None
        except httpx.TransportError as error:
            if isinstance(error, httpx.TimeoutException) and seconds < timeout:
                raise self._cut_short(request, f"{_name_error(error)} after {seconds:.2g} s") from None
            raise self._convert_error(request, error) from None

    def _read_body(self, response: httpx.Response, request: str, limit: int, *, decode: bool) -> bytes:
        chunks = bytearray()
        try:
            for chunk in response.iter_bytes() if decode else response.iter_raw():
                chunks += chunk
                if len(chunks) > limit:
                    raise Inconclusive(
                        self.describe_failure(request, f"an answer of at most {limit:,} bytes", "a larger one")
                    )
                if not self.deadline.left():
                    raise self._cut_short(request, "a part of it")
        except (httpx.RemoteProtocolError, httpx.ReadError, httpx.DecodingError) as error:
            raise BrokenOffError(self.describe_failure(request, "a complete answer", _name_error(error))) from None
        return bytes(chunks)

    def _refuse_obstacle(self, answer: HttpAnswer) -> HttpAnswer:
        """Return an answer of the system. Raises ObstacleError for any other one."""
        obstacle = find_obstacle(answer)
        if obstacle:
            raise ObstacleError(self.describe_failure(answer.request, "an answer", obstacle, Cause.ACCESS))
        return answer

    def _convert_error(self, request: str, error: httpx.TransportError) -> Inconclusive:
        """Return the exception for a request without an answer. It is transient where a retry may help."""
        certificate, expected = environment.find_certificate_problem(error), "an answer"
        if certificate:
            expected, actual = "a certificate that can be trusted", f"{certificate}: a retry does not help"
            return Inconclusive(self.describe_failure(request, expected, actual, Cause.ACCESS))
        proxy = "" if is_loopback(self.base) else environment.find_proxy_variable(self.base)
        if proxy and isinstance(error, (httpx.ConnectError, httpx.ConnectTimeout, httpx.ProxyError)):
            actual = f"the proxy in {proxy} cannot be used ({_name_error(error)})"
            finding = self.describe_failure(request, expected, actual, Cause.ACCESS)
            return ObstacleError(replace(finding, hint=Hint.unset(proxy)))
        if environment.is_unknown_host(error):
            actual = f"the host {urlsplit(self.base).hostname} does not exist"
            actual += f": check {self.setting}" if self.setting else ""
            cause = Cause.CONFIGURATION if self.setting else Cause.ACCESS
            return UnresolvedError(self.describe_failure(request, expected, actual, cause))
        if environment.is_dns_unavailable(error):
            actual = "host names cannot be resolved on this machine"
            return TransientError(self.describe_failure(request, expected, actual, Cause.ACCESS))
        cause = Cause.ACCESS if self.cause in EDGE and isinstance(error, UNREACHED) else self.cause
        return TransientError(self.describe_failure(request, expected, _name_error(error), cause))

    def _cut_short(self, request: str, found: str) -> TransientError:
        """Return the exception for a request that the deadline of the run ended. The system is not the cause."""
        expected = f"a complete answer within the deadline of {self.deadline.seconds:g} s"
        found = f"{found}: the deadline of this run was the limit"
        return TransientError(self.describe_failure(request, expected, found, Cause.CHECKER), cut_short=True)

    def _describe_unusable_url(self, request: str, reason: str) -> Finding:
        return Finding(
            subject=request,
            expected="a usable URL",
            found=reason,
            cause=Cause.CONFIGURATION,
            hint=Hint.explain("config"),
        )

    def build_transient_error(self, answer: HttpAnswer, expected: str) -> TransientError:
        """Return the exception for an answer that a retry may change. It honours the answer's ``Retry-After``."""
        finding = self.describe_failure(answer.request, expected, answer.shown)
        return TransientError(finding, after=answer.retry_after, answered=True)

    def describe_failure(self, subject: str, expected: str, actual: str, cause: Cause | None = None) -> Finding:
        """Return the finding for an unusable answer of this system. ``cause`` replaces the cause of the system."""
        return Finding(
            subject=subject,
            expected=expected,
            found=actual,
            cause=self.cause if cause is None else cause,
            hint=Hint.inspect(self.base),
        )


def _name_error(error: httpx.RequestError) -> str:
    return f"{type(error).__name__}: {error}".rstrip(": ")
