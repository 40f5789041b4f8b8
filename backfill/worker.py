"""Sends the operator's requests to the backfill worker. Source: docs/reference/backfill-worker.md."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from backfill.errors import EXIT_INCONCLUSIVE, CommandError
from checks.clients.worker.client import TRIGGER_SECONDS, WorkerReply
from checks.clients.worker.edge_errors import build_edge_error, limit_server_errors

if TYPE_CHECKING:
    from datetime import date

    from checks.clients.http.client import Http
    from checks.model.credentials import Secret

REPLACE_SECONDS = 390.0  # a replacement has a lease of 6 minutes
SECONDS = 20.0  # of any other request


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatedWorker:
    """The worker at its URL. Each request is harmless if it is repeated, because no row is lost or stored twice.

    Every method raises CommandError without a token, and the exceptions of ``Http`` without an answer of the worker.
    """

    http: Http
    token: Secret | None

    def copy_day(self, site: str, day: date) -> WorkerReply:
        """Send ``POST /trigger`` for one day."""
        return self._post("/trigger", {"site": site, "day": day.isoformat()}, timeout=TRIGGER_SECONDS)

    def replace_day(self, site: str, day: date, *, from_stored: bool, dry_run: bool) -> WorkerReply:
        """Send ``POST /replace`` for one day. A dry run changes nothing."""
        params = {"site": site, "day": day.isoformat()}
        params |= {"source": "stored"} if from_stored else {}
        params |= {"dry_run": "true"} if dry_run else {}
        return self._post("/replace", params, timeout=REPLACE_SECONDS)

    def pause(self, reason: str, by: str) -> WorkerReply:
        """Send ``POST /pause``."""
        return self._post("/pause", content=json.dumps({"reason": reason, "by": by}).encode())

    def resume(self) -> WorkerReply:
        """Send ``POST /resume``."""
        return self._post("/resume")

    def _post(
        self, path: str, params: Mapping[str, str] | None = None, *, content: bytes = b"", timeout: float = SECONDS
    ) -> WorkerReply:
        if self.token is None:
            text = "no operator token. Use --stack NAME, or set OPERATOR_TOKEN or ACE_API_KEY"
            raise CommandError(text, EXIT_INCONCLUSIVE)
        headers = {"Content-Type": "application/json"} if content else {}

        def send() -> WorkerReply:
            answer = self.http.send(
                "POST", path, token=self.token, params=params, headers=headers, content=content, timeout=timeout
            )
            reply = WorkerReply(answer=answer, body=answer.json or {})
            if answer.status == 429 or (answer.status >= 500 and not reply.own):
                raise build_edge_error(self.http, answer, "an answer of the worker")
            return reply

        return self.http.deadline.retry(limit_server_errors(send))
