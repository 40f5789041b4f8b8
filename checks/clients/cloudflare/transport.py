"""Reads Cloudflare's API through the checks' HTTP client: retries until the common deadline, and errors as findings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from checks.clients.cloudflare.errors import CloudflareInconclusive
from checks.clients.cloudflare.rate_limit import MAX_REQUESTS, PERIOD_SECONDS, RateLimit
from checks.clients.http.client import Http, ObstacleError
from checks.model.credentials import Secret
from checks.model.finding import Cause, Finding, describe
from checks.model.hint import Hint
from cloudflare_client.client import CloudflareClient
from cloudflare_client.errors import ApiRefusedError, CloudflareError, EndlessListError, UnknownShapeError
from cloudflare_client.http_answer import HttpAnswer
from cloudflare_client.refusals import TOKEN
from cloudflare_client.transport import is_transient


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiTransport:
    """One account. Without a token every request raises CloudflareInconclusive, which names the variable."""

    http: Http
    account_id: str
    token: Secret | None
    rate_limit: RateLimit = field(default_factory=RateLimit)

    def create_client(self) -> CloudflareClient:
        """Return a client of the account, which raises Inconclusive where the API gives no usable answer."""
        return CloudflareClient(transport=self, account_id=self.account_id, convert=self.convert)

    def get(self, path: str, *, params: Mapping[str, str], headers: Mapping[str, str], limit: int) -> HttpAnswer:
        """Return the answer to a GET, which is retried until the deadline."""
        return self.http.deadline.retry(
            lambda: self.send("GET", path, params=params, headers=headers, limit=limit),
        )

    def send(self, method: str, path: str, **request: Any) -> HttpAnswer:
        """Return the answer to a single request. Raises TransientError where a retry may help."""
        if self.token is None:
            expected = f"a {TOKEN} for account {self.account_id}"
            missing = describe(
                "Cloudflare API", expected, f"{TOKEN} is not set", Cause.CONFIGURATION, Hint.export(TOKEN)
            )
            raise CloudflareInconclusive(missing)
        self._wait_for_turn()
        answer = self.http.send(method, path, token=self.token, **request)
        if answer.status == 403 and answer.json is None:  # the API itself answers JSON
            found = f"{answer.shown}: a firewall in front of the API"
            raise ObstacleError(self.http.describe_failure(answer.request, "an answer of the API", found, Cause.ACCESS))
        if is_transient(answer):
            raise self.http.build_transient_error(answer, "an answer of the API")
        return answer

    def _wait_for_turn(self) -> None:
        """Wait until one more request keeps Cloudflare's limit. Raises Inconclusive if the deadline is before that."""
        deadline = self.http.deadline
        wait = self.rate_limit.reserve(deadline.clock)
        if wait >= deadline.left() > 0:
            expected = f"at most {MAX_REQUESTS:,} requests in {PERIOD_SECONDS / 60:g} minutes, below Cloudflare's limit"
            found = f"more, and the deadline is before the next one may be sent, in {wait:.0f} s"
            finding = self.http.describe_failure("Cloudflare API", expected, found, Cause.CHECKER)
            raise CloudflareInconclusive(finding)
        if wait:
            deadline.sleep(wait)

    def convert(self, error: CloudflareError) -> CloudflareInconclusive:
        """Return the exception to raise in place of an error of the client."""
        if isinstance(error, ApiRefusedError):
            return CloudflareInconclusive(self._describe_refusal(error), frozenset(error.codes))
        subject, expected, found = "Cloudflare API", "an answer", str(error)
        if isinstance(error, EndlessListError):
            subject, expected, found = error.subject, "a list that ends", error.detail
        elif isinstance(error, UnknownShapeError):
            subject, expected, found = error.request, "an answer of the documented form", error.detail
        return CloudflareInconclusive(self.http.describe_failure(subject, expected, found))

    def _describe_refusal(self, error: ApiRefusedError) -> Finding:
        """Return the finding with the API's own reason, and with the permission that this request needs."""
        request, expected = error.answer.request, error.expected
        if expected is None:
            return self.http.describe_failure(request, "200 and success", error.reason)
        hint = Hint.export(TOKEN) if error.is_unauthorised else Hint.explain("access")
        expected = f"{expected}, for account {self.account_id}" if error.is_unauthorised else expected
        return describe(request, expected, error.reason, Cause.CONFIGURATION, hint)
