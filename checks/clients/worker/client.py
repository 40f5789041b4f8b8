"""Sends requests to a worker's public routes. Source: docs/reference/backfill-worker.md."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from checks.clients.http.client import Http
from checks.clients.worker.edge_errors import build_edge_error, limit_server_errors
from checks.clients.worker.error import WorkerError
from checks.model.credentials import Secret
from checks.model.finding import UnresolvedError
from cloudflare_client.http_answer import HttpAnswer

TRIGGER_SECONDS = 50.0  # a batch begins no new page after 20 s, and a page may take long
RESERVED_SHARE = 0.1  # of the deadline, for the checks that need no worker


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerReply:
    """One answer of the worker. ``body`` is empty unless it is a JSON object."""

    answer: HttpAnswer
    body: Mapping[str, Any]

    @property
    def status(self) -> int:
        """Return the HTTP status."""
        return self.answer.status

    @property
    def code(self) -> str:
        """Return the code of the error that the worker reports, or an empty text."""
        return self.error.code

    @property
    def error(self) -> WorkerError:
        """Return the error that the worker reports for this request."""
        return WorkerError.read(self.body.get("error"))

    @property
    def last_error(self) -> WorkerError:
        """Return the error of the last failed run, as the worker's run log has it. A later run may have cured it."""
        return WorkerError.read(self.body.get("last_error"))

    @property
    def last_error_time(self) -> str:
        """Return the time of the last error (ISO 8601) to the second, or an empty text."""
        at = self._read_part("last_error").get("at")
        return f"{at[:19].replace('T', ' ')} UTC" if isinstance(at, str) and _is_time(at) else ""

    @property
    def is_last_error_cured(self) -> bool:
        """Return whether the last run succeeded after the last error."""
        run, at = self._read_part("last_run"), self._read_part("last_error").get("at")
        ended = run.get("ended_at")
        if run.get("error") is not None or not (_is_time(ended) and _is_time(at)):
            return False
        return datetime.fromisoformat(str(ended)) >= datetime.fromisoformat(str(at))

    def _read_part(self, name: str) -> Mapping[str, Any]:
        part = self.body.get(name)
        return part if isinstance(part, dict) else {}

    @property
    def own(self) -> bool:
        """Return whether the worker itself sent this answer, and not a proxy."""
        return bool(self.code) or isinstance(self.body.get("status"), str)

    @property
    def shown(self) -> str:
        """Return a short description of the answer."""
        if self.code:
            return f"{self.status} {self.error.shown}"
        return f"{self.status} {self.body['status']}" if self.own else self.answer.shown


def _is_time(text: object) -> bool:
    """Return whether this is a time with an offset, as ISO 8601."""
    try:
        return isinstance(text, str) and datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False


@dataclass(frozen=True, slots=True, kw_only=True)
class BackfillWorker:
    """The worker at its URL. Every call except ``fetch_health`` is retried within the shared deadline.

    ``fetch_status`` leaves a part of the deadline to the later checks, which need no worker. A 5xx that the worker did
    not write itself raises Failed after a few answers, so that ``POST /trigger`` is never sent more often.
    ``judge_unresolved`` is called for a host name that does not exist, and raises Failed where a retry cannot help.
    """

    http: Http
    judge_unresolved: Callable[[UnresolvedError], None] = lambda _error: None

    def fetch_health(self) -> WorkerReply:
        """Send ``GET /health`` once. The caller retries, because it knows the expected version."""
        return self._send("GET", "/health", None)

    def fetch_status(self, token: Secret | None) -> WorkerReply:
        """Send ``GET /status``, with a token or without."""
        deadline = self.http.deadline
        send = limit_server_errors(lambda: self._send("GET", "/status", token))
        return deadline.retry(send, keep=deadline.seconds * RESERVED_SHARE)

    def send_trigger(self, token: Secret | None) -> WorkerReply:
        """Send ``POST /trigger``, which runs one batch. A retry is harmless, because a day is written once."""
        send = limit_server_errors(lambda: self._send("POST", "/trigger", token, timeout=TRIGGER_SECONDS))
        return self.http.deadline.retry(send)

    def _send(self, method: str, path: str, token: Secret | None, *, timeout: float = 10.0) -> WorkerReply:
        try:
            answer = self.http.send(method, path, token=token, timeout=timeout)
        except UnresolvedError as error:
            self.judge_unresolved(error)
            raise
        reply = WorkerReply(answer=answer, body=answer.json or {})
        if answer.status == 429 or (answer.status >= 500 and not reply.own):
            raise build_edge_error(self.http, answer, "an answer of the worker")
        return reply
