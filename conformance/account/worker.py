"""Sends requests to the throw-away worker itself, without the API token."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import httpx

from cloudflare_client.http_answer import HttpAnswer

MAX_SECONDS = 10.0  # of one request
MAX_WAIT = 90.0  # seconds until a change has reached the address, which may be a new host name
PAUSE = 2.0  # seconds


@dataclass(slots=True, kw_only=True)
class Worker:
    """The address of the throw-away worker. ``clock`` and ``sleep`` take seconds."""

    url: str
    http: httpx.Client = field(default_factory=httpx.Client)
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep

    def get(self, path: str = "/", headers: Mapping[str, str] | None = None) -> HttpAnswer | None:
        """Return the answer to a GET, None where none arrived."""
        try:
            response = self.http.get(self.url + path, headers=headers, timeout=MAX_SECONDS)
        except (httpx.HTTPError, httpx.InvalidURL):
            return None
        return HttpAnswer(
            request=f"GET {path}", status=response.status_code, headers=response.headers, body=response.content
        )

    def wait(
        self,
        wanted: Callable[[HttpAnswer], bool],
        path: str = "/",
        headers: Mapping[str, str] | None = None,
    ) -> tuple[bool, HttpAnswer | None]:
        """Repeat a GET until its answer is the wanted one, at most MAX_WAIT. Return whether, and the last answer."""
        end = self.clock() + MAX_WAIT
        while True:
            answer = self.get(path, headers)
            if answer is not None and wanted(answer):
                return True, answer
            if self.clock() >= end:
                return False, answer
            self.sleep(PAUSE)


def describe(answer: HttpAnswer | None) -> str:
    """Return an answer for the evidence: its status alone, because a body may hold anything."""
    return "no answer" if answer is None else f"status {answer.status}"
