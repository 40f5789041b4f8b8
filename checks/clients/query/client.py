"""Sends queries to the query worker. Source: docs/reference/query-worker.md."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from checks.clients.http.client import BrokenOffError, Http
from checks.clients.query.question import PATH, Question
from checks.clients.worker.edge_errors import build_edge_error, limit_server_errors
from checks.clients.worker.error import WorkerError
from checks.model.finding import ShapeError
from checks.stored_days.stored_day import Sample
from cloudflare_client.http_answer import HttpAnswer

ANSWER_SECONDS = 15.0  # the worker's own limit is 10 s
_ERROR_AT_END = re.compile(rb'\],"error":(\{[^{}]*\})\s*\Z')  # the end of an answer that our worker cannot complete


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryAnswer:
    """One answer. ``answer`` is None where the connection broke before its end."""

    answer: HttpAnswer | None

    @property
    def error(self) -> WorkerError:
        """Return the error that the worker reports, in place of samples or after a part of them."""
        if self.answer is None:
            return WorkerError()
        found = _ERROR_AT_END.search(self.answer.body[-2_000:])
        if found is None:
            return WorkerError.read((self.answer.json or {}).get("error"))
        try:
            return WorkerError.read(json.loads(found[1]))
        except ValueError:
            return WorkerError()

    @property
    def samples(self) -> tuple[Sample, ...]:
        """Return the samples in the order of the answer. Raises ShapeError for another form or a part of it."""
        body = self._read_body()
        rows = body.get("samples")
        if not isinstance(rows, list):
            raise ShapeError(f"no list of samples (its fields: {', '.join(sorted(body)[:5])})")
        samples = tuple(_parse_sample(row) for row in rows)
        if body.get("count", len(samples)) != len(samples):
            raise ShapeError(f"{len(samples)} samples, but count is {body['count']!r}")
        return samples

    @property
    def unmatched(self) -> object:
        """Return the names that matched nothing, as the answer has them. None where it does not list any."""
        return self._read_body().get("unmatched")

    def _read_body(self) -> Mapping[str, Any]:
        body = None if self.answer is None else self.answer.json
        if body is not None:
            return body
        found = "the answer broke off"
        if self.answer is not None:
            found = f"{len(self.answer.body):,} bytes that are not a JSON object"
        raise ShapeError(found + (f": {self.error.shown}" if self.error.code else ""))


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryWorker:
    """The query worker at its URL."""

    http: Http

    def query(self, question: Question) -> QueryAnswer:
        """Send a query. Retries until the deadline, and once more where the answer broke off."""
        answer = self._retry(question)
        return answer if answer.answer is not None else self._retry(question)

    def format_url(self, question: Question) -> str:
        """Return the URL of a query."""
        return f"{self.http.base}{PATH}?{urlencode(question.params)}"

    def _retry(self, question: Question) -> QueryAnswer:
        return self.http.deadline.retry(limit_server_errors(lambda: self._send(question)))

    def _send(self, question: Question) -> QueryAnswer:
        try:
            answer = self.http.send("GET", PATH, params=question.params, timeout=ANSWER_SECONDS)
        except BrokenOffError:
            return QueryAnswer(answer=None)  # our worker breaks the connection of an answer that it cannot complete
        own = isinstance((answer.json or {}).get("error"), dict)
        if answer.status == 429 or (answer.status >= 500 and not own):
            raise build_edge_error(self.http, answer, "an answer of the query worker")
        return QueryAnswer(answer=answer)


def _parse_sample(row: object) -> Sample:
    if isinstance(row, dict):
        name, timestamp, value = (row.get(field) for field in ("point_name", "timestamp", "value"))
        if (
            isinstance(name, str)
            and type(timestamp) is int
            and ("value" in row and (value is None or isinstance(value, int | float | str)))
        ):
            return Sample(name=name, timestamp=timestamp, value=value)
    raise ShapeError(f"not a sample: {json.dumps(row)[:100]}")
