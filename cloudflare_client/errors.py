"""The exceptions of the client. The text of each is one line for the user, with the next step where there is one."""

from __future__ import annotations

from typing import Any

from cloudflare_client import refusals
from cloudflare_client.http_answer import HttpAnswer
from cloudflare_client.transport import is_transient

NO_BUCKET, NO_SCRIPT, NO_SERVICE = 10006, 10007, 10090  # the API's codes for something that does not exist
ABSENT = frozenset({NO_BUCKET, NO_SCRIPT, NO_SERVICE})
MAX_WORDS = 300  # characters of the API's own words in a message


class CloudflareError(Exception):
    """The API gave no usable answer. ``attempts`` counts the requests, ``after`` is the least wait in seconds."""

    attempts = 1
    after = 0.0
    is_transient = False  # whether a retry may succeed

    @property
    def effort(self) -> str:
        """Return the number of attempts for a message, nothing for a single one."""
        return f" after {self.attempts} attempts" if self.attempts > 1 else ""


class UnusableSettingsError(CloudflareError):
    """No request can be made with the proxies, certificates or base URL of the environment."""

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"Cloudflare's API cannot be used ({reason}): check HTTPS_PROXY, ALL_PROXY, SSL_CERT_FILE and "
            "CLOUDFLARE_BASE_URL (a SOCKS proxy needs: pip install 'httpx[socks]')"
        )


class ApiUnreachableError(CloudflareError):
    """No answer, or only a part of one, arrived."""

    def __init__(self, reason: str, base_url: str, *, is_transient: bool = True) -> None:
        super().__init__(reason, base_url)
        self.reason, self.base_url = reason, base_url
        self.is_transient = is_transient

    def __str__(self) -> str:
        return f"Cloudflare's API cannot be reached ({self.reason}){self.effort}: {self.base_url}"


class ApiRefusedError(CloudflareError):
    """The API answered with an error. ``codes`` and ``messages`` are the API's own."""

    def __init__(self, answer: HttpAnswer) -> None:
        super().__init__(answer.shown)
        self.answer = answer
        self.after = answer.retry_after
        self.is_transient = is_transient(answer)
        errors = [item for found in _errors(answer) for item in (found, *_list_causes(found))]
        self.codes = tuple(item["code"] for item in errors if type(item.get("code")) is int)
        self.messages = tuple(item["message"] for item in errors if isinstance(item.get("message"), str))

    def __str__(self) -> str:
        if self.answer.json is None:
            status = self.answer.status
            return f"Cloudflare's API answered {status} without a JSON object{self.effort}: {self.answer.request}"
        wait = f": it asks to wait {self.after:g} s" if self.is_transient and self.after else ""
        advice = f": {self._words}: expected {self.expected}" if self.expected else ""
        return f"Cloudflare's API refused with {self.answer.status} {list(self.codes)}{self.effort}{wait}{advice}"

    @property
    def reason(self) -> str:
        """Return the status and the API's own words with their codes, on one line."""
        codes = ", ".join(map(str, dict.fromkeys(self.codes)))
        text = f"{self.answer.status} {self._words}" if self._words else self.answer.shown
        return f"{text} (code {codes})" if codes else text

    @property
    def _words(self) -> str:
        words = dict.fromkeys(" ".join(message.split()) for message in self.messages)
        return "; ".join(words)[:MAX_WORDS]

    @property
    def is_unauthorised(self) -> bool:
        """Return whether the token is the reason."""
        return refusals.is_unauthorised(self.answer.status, self.codes)

    @property
    def expected(self) -> str | None:
        """Return the token or the state of the account that the request needs, None where the answer does not tell."""
        path = self.answer.request.partition(" ")[2]
        return refusals.describe_expected(path, self.answer.status, self.codes, self.messages)


class AbsentError(ApiRefusedError):
    """The script, service or bucket of the request does not exist."""


class UnknownShapeError(CloudflareError):
    """An answer does not have the documented form. ``detail`` names the place in it."""

    def __init__(self, detail: str, request: str = "") -> None:
        super().__init__(detail, request)
        self.detail, self.request = detail, request

    def __str__(self) -> str:
        place = f": {self.request}" if self.request else ""
        return f"Cloudflare's API answered in an unknown shape ({self.detail}){place}"


class EndlessListError(UnknownShapeError):
    """A list repeats its cursor or has too many pages. ``subject`` names the list."""

    def __init__(self, subject: str) -> None:
        super().__init__("a cursor that repeats, or too many pages", subject)
        self.subject = subject


def refusal(answer: HttpAnswer) -> ApiRefusedError:
    """Return the error for an answer that is not a success."""
    error = ApiRefusedError(answer)
    return AbsentError(answer) if ABSENT.intersection(error.codes) else error


def _list_causes(error: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the causes that an error object names: 6003 has 6111 there."""
    chain = error.get("error_chain")
    return [item for item in chain if isinstance(item, dict)] if isinstance(chain, list) else []


def _errors(answer: HttpAnswer) -> list[dict[str, Any]]:
    """Return the error objects of an answer, also of one from a proxy in front of the API."""
    errors = (answer.json or {}).get("errors")
    return [item for item in errors if isinstance(item, dict)] if isinstance(errors, list) else []
