"""The interface between the client and HTTP."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from cloudflare_client.http_answer import HttpAnswer

RETRIED = frozenset({408, 429})  # and every 5xx. A 409 is a conflict of writes, and this client only reads
MAX_JSON_BYTES = 8 * 2**20  # of an answer that is read as JSON


class Transport(Protocol):
    """Sends requests to the API. It owns the token, the limits and the retries."""

    def get(self, path: str, *, params: Mapping[str, str], headers: Mapping[str, str], limit: int) -> HttpAnswer:
        """Return the answer to a GET of a path below the API's base URL, after the retries.

        ``limit`` is the largest body in bytes. A transport raises its own exception for an API that cannot be reached.
        """


def is_transient(answer: HttpAnswer) -> bool:
    """Return whether a retry may bring another answer. ``x-should-retry: false`` rules it out."""
    retried = answer.status in RETRIED or answer.status >= 500
    return retried and answer.headers.get("x-should-retry", "").strip().lower() != "false"
