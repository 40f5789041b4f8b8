"""The query worker, asked as the runbook asks it. Source: docs/query-worker.md."""

from __future__ import annotations

import json
import re
import shlex
from dataclasses import dataclass
from urllib.parse import urlencode

from checks.clients.http.client import BrokenOffError, Http
from checks.clients.query.question import PATH, Question
from checks.clients.worker.client import Failure
from checks.model.finding import ShapeError, TransientError
from checks.stored_days.stored_day import Sample
from cloudflare_client.http_answer import HttpAnswer

ANSWER_SECONDS = 15.0  # the worker gives itself 10
_TOLD = re.compile(rb'\],"error":(\{[^{}]*\})\s*\Z')  # how our worker ends an answer that it cannot finish


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One answer, whole or not: ``answer`` is None where it broke off on the way."""

    answer: HttpAnswer | None

    @property
    def error(self) -> Failure:
        """Return the error that the worker tells, in place of an answer or at the end of a part of one."""
        if self.answer is None:
            return Failure()
        found = _TOLD.search(self.answer.body[-2_000:])
        if found is None:
            return Failure.read((self.answer.json or {}).get("error"))
        try:
            return Failure.read(json.loads(found[1]))
        except ValueError:
            return Failure()

    @property
    def samples(self) -> tuple[Sample, ...]:
        """Return the samples, in the order of the answer; raises ShapeError for another form, or for a part of one."""
        body = None if self.answer is None else self.answer.json
        if body is None:
            cut = "it broke off" if self.answer is None else f"{len(self.answer.body):,} bytes that are no JSON object"
            raise ShapeError(cut + (f": {self.error.shown}" if self.error.code else ""))
        rows = body.get("samples")
        if not isinstance(rows, list):
            raise ShapeError(f"no list of samples, but {', '.join(sorted(body)[:5])}")
        samples = tuple(_sample(row) for row in rows)
        if body.get("count", len(samples)) != len(samples):
            raise ShapeError(f"{len(samples)} samples, counted as {body['count']!r}")
        return samples


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """The query worker at its URL."""

    http: Http

    def ask(self, question: Question) -> Told:
        """Ask, again while time can cure what is in the way, and once more where an answer broke off."""
        told = self._attempt(question)
        return told if told.answer is not None else self._attempt(question)

    def command(self, question: Question) -> str:
        """Return the runbook's command for a question, ready to type."""
        return f"curl -sSi {shlex.quote(f'{self.http.base}{PATH}?{urlencode(question.params)}')}"

    def _attempt(self, question: Question) -> Told:
        return self.http.deadline.retry(lambda: self._ask(question))

    def _ask(self, question: Question) -> Told:
        try:
            answer = self.http.ask("GET", PATH, params=question.params, timeout=ANSWER_SECONDS)
        except BrokenOffError:
            return Told(answer=None)  # a worker's way to say that it cannot finish: no matter of the network alone
        own = isinstance((answer.json or {}).get("error"), dict)
        if answer.status == 429 or (answer.status >= 500 and not own):
            finding = self.http.finding(answer.request, "an answer of the query worker", answer.shown)
            raise TransientError(finding, after=answer.retry_after, answered=True)
        return Told(answer=answer)


def _sample(row: object) -> Sample:
    if isinstance(row, dict):
        name, timestamp, value = (row.get(field) for field in ("point_name", "timestamp", "value"))
        if (
            isinstance(name, str)
            and type(timestamp) is int
            and (isinstance(value, int | float | str) and not isinstance(value, bool))
        ):
            return Sample(name=name, timestamp=timestamp, value=value)
    raise ShapeError(f"a sample that is none: {json.dumps(row)[:100]}")
