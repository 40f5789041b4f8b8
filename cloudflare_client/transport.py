"""The interface between the client and HTTP: a GET request, and the answer to it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

RETRIED = frozenset({408, 429})  # and every 5xx. A 409 is a conflict of writes, and this client only reads
MAX_JSON_BYTES = 8 * 2**20  # of an answer that is read as JSON


class Answer(Protocol):
    """An HTTP answer, whatever its status; ``request`` is its method and URL, for messages."""

    @property
    def request(self) -> str:
        """Return the method and the URL without the query."""

    @property
    def status(self) -> int:
        """Return the HTTP status."""

    @property
    def headers(self) -> Mapping[str, str]:
        """Return the headers, with names in lower case or of a mapping that ignores case."""

    @property
    def body(self) -> bytes:
        """Return the whole body."""

    @property
    def json(self) -> Mapping[str, Any] | None:
        """Return the body as a JSON object, None if it is anything else."""

    @property
    def shown(self) -> str:
        """Return the status and the start of the body, for messages."""


class Transport(Protocol):
    """Sends requests to one account of the API. It owns the token, the limits and the retries."""

    def get(self, path: str, *, params: Mapping[str, str], headers: Mapping[str, str], limit: int) -> Answer:
        """Return the answer to a GET of a path below the API's base URL, after the retries.

        ``limit`` is the largest body in bytes. A transport raises its own exception for an API that cannot be reached.
        """


def is_transient(answer: Answer) -> bool:
    """Return whether a retry may bring another answer. ``x-should-retry: false`` rules it out."""
    retried = answer.status in RETRIED or answer.status >= 500
    return retried and answer.headers.get("x-should-retry", "").strip().lower() != "false"


def read_retry_after(answer: Answer) -> float:
    """Return the seconds that an answer asks to wait, 0 if it does not say."""
    text = answer.headers.get("retry-after", "")
    return float(text) if text.isascii() and text.isdigit() and len(text) < 6 else 0.0
