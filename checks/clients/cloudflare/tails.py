"""Opens and closes a tail of a worker's logs: the only two API requests of the checks that are not reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from checks.clients.cloudflare.transport import ApiTransport
from cloudflare_client.answers import parse_answer
from cloudflare_client.client import account_path, script_path
from cloudflare_client.errors import CloudflareError
from cloudflare_client.fields import read_object, read_text


@dataclass(frozen=True, slots=True, kw_only=True)
class Tails:
    """The tails of an account's workers."""

    transport: ApiTransport

    def open(self, script: str) -> tuple[str, str]:
        """Open a tail. Return its id and the URL of its websocket."""
        http, path = self.transport.http, self._format_path(script)
        sent = {"headers": {"Content-Type": "application/json"}, "content": b'{"filters":[]}'}
        answer = http.deadline.retry(lambda: self.transport.send("POST", path, **sent))
        try:
            return parse_answer(answer, _parse_tail)
        except CloudflareError as error:
            raise self.transport.convert(error) from None

    def close(self, script: str, tail: str) -> None:
        """Close a tail with a single request. A worker may have ten tails, and each ends by itself hours later."""
        self.transport.send("DELETE", f"{self._format_path(script)}/{quote(tail, safe='')}")

    def _format_path(self, script: str) -> str:
        return account_path(self.transport.account_id, f"{script_path(script)}/tails")


def _parse_tail(result: object, _: Mapping[str, Any]) -> tuple[str, str]:
    tail = read_object(result, "the tail")
    return read_text(tail, "id"), read_text(tail, "url")
