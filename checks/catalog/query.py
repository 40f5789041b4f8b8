"""The query worker serves a stored day: exactly what lies in R2, with the headers that say where it comes from."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from datetime import date
from http import HTTPStatus
from typing import TYPE_CHECKING

from checks.check import Check, Context, KnownCause
from checks.clients.query.question import PATH, Question
from checks.model.credentials import Credential
from checks.model.finding import Cause, Evidence, Finding, Inconclusive, ShapeError, TransientError
from checks.stored_days import days, objects, query_comparison, stored_day
from checks.stored_days.gzip_reader import BrokenDayError

if TYPE_CHECKING:
    from checks.clients.query.client import Query, Told
    from checks.stored_days.stored_day import Sample
    from cloudflare_client.answers import StoredObject
    from cloudflare_client.http_answer import HttpAnswer

MOST = 1_000  # samples to ask for
HEADERS = {"X-Data-Source": ("R2", "SPLIT"), "X-Query-Strategy": ("R2_ONLY", "SPLIT")}


def query(context: Context) -> Iterator[Evidence | Finding]:
    """Read one stored day by the API, ask the query worker for a part of it, and compare."""
    worker = context.query
    if worker is None:
        url = repr(context.manifest.siblings.query_url)
        yield _finding("queryUrl", "https://HOST, without a slash at its end", url, Cause.CONFIGURATION, context.edit())
        return
    asked = _asked(context)
    if isinstance(asked, Finding):
        yield asked
        return
    question, expected = asked
    try:
        findings = list(_judge(context, worker, question, expected))
    except TransientError as error:
        if not error.answered:
            raise
        findings = [error.finding]
    yield from findings
    if not findings:
        yield Evidence(
            f"{len(expected):,} samples of {' and '.join(question.points)} served exactly as they are stored"
        )


def _asked(context: Context) -> tuple[Question, tuple[Sample, ...]] | Finding:
    """Return what to ask, of another day each day, and what must come back; a finding where storage is at fault."""
    stored = objects.stored(context)
    if isinstance(stored, Finding):
        return stored
    filled = sorted(day for day, item in stored.items() if item.metadata.get("samples") != "0")
    if not filled:
        raise Inconclusive(_nothing(context, len(stored)))
    chosen = days.sample(filled, context.now)
    day = chosen[context.now.toordinal() % len(chosen)]
    return _question(context, day, stored[day])


def _question(context: Context, day: date, item: StoredObject) -> tuple[Question, tuple[Sample, ...]] | Finding:
    """Return what to ask of a day and what must come back, or what is wrong with its object."""
    raw = objects.fetch(context, item)
    if isinstance(raw, Finding):
        return raw
    with objects.judging(context, item.key, "query"):
        try:
            found = stored_day.read(raw, day=day)
            stored_day.compare(found, item.metadata)
        except BrokenDayError as error:
            words, cause = (error.expected, error.found), objects.writer(item)
            return objects.rewrite(context, item.key, *words, key=item.key, cause=cause, again="query")
        points = _points(context, sorted(found.points))
        samples = query_comparison.asked(stored_day.samples(raw, day=day), points, MOST)
    start, end = samples[0].timestamp, samples[-1].timestamp + 1
    return Question(site=context.manifest.ace.site, points=points, start=start, end=end), samples


def _points(context: Context, names: Sequence[str]) -> tuple[str, ...]:
    """Return two points to ask for, one by its whole name, one by the end of it as the runbook does."""
    usable = [name for name in names if "," not in name]  # a comma parts the names in the question
    if not usable:
        hint = context.again("query")
        expected = "a point whose name can be asked for"
        actual = f"{len(names)} points, each with a comma in its name"
        raise Inconclusive(_finding(PATH, expected, actual, Cause.CHECKER, hint))
    whole, *others = random.Random(context.now.toordinal()).sample(usable, min(2, len(usable)))  # noqa: S311 - a choice
    short = [name.rpartition("/")[2] for name in others]
    return whole, *(name for name in short if name)


def _judge(context: Context, worker: Query, question: Question, expected: Sequence[Sample]) -> Iterator[Finding]:
    told, command = worker.ask(question), worker.command(question)
    if told.answer is not None and told.answer.status != HTTPStatus.OK:
        yield _refused(context, command, told, told.answer)
        return
    if told.answer is not None:
        for name, allowed in HEADERS.items():
            actual = told.answer.headers.get(name)
            if actual not in allowed:
                yield _finding(f"{name} of GET {PATH}", " or ".join(allowed), str(actual), Cause.WORKER, command)
    try:
        difference = query_comparison.difference(expected, told.samples)
    except ShapeError as error:
        cause = Cause.STORAGE if told.error.code == "storage" else Cause.WORKER
        yield _finding(f"GET {PATH}", f"JSON with {len(expected)} samples", str(error), cause, command)
        return
    if difference is not None:
        yield _finding(f"GET {PATH}, {difference[0]}", difference[1], difference[2], Cause.WORKER, command)


def _refused(context: Context, command: str, told: Told, answer: HttpAnswer) -> Finding:
    """Return what to say of a status: what the stack declares, the storage, the address or the worker."""
    said = {
        "not_configured": (Cause.CONFIGURATION, context.pulumi("up")),
        "bad_parameter": (Cause.CONFIGURATION, context.pulumi("up")),
        "storage": (Cause.STORAGE, context.again("r2")),
    }
    code = told.error.code
    actual = f"{answer.status} {told.error.shown}" if code else answer.shown
    if code in said:
        return _finding(f"GET {PATH}", "200", actual, *said[code])
    if answer.status < HTTPStatus.INTERNAL_SERVER_ERROR:
        actual += " (does queryUrl, or queryWorkerName, lead to the query worker?)"
        return _finding(f"GET {PATH}", "200", actual, Cause.CONFIGURATION, context.edit())
    return _finding(f"GET {PATH}", "200", actual, Cause.WORKER, command)


def _nothing(context: Context, count: int) -> Finding:
    actual = f"{count} days, each stored as empty" if count else "nothing is stored"
    hint = context.again("trigger", "r2", "query")
    return _finding("days to ask for", "at least one with samples", actual, Cause.PROPAGATION, hint)


def _finding(subject: str, expected: str, actual: str, cause: Cause, hint: str) -> Finding:
    return Finding(subject=subject, expected=expected, found=actual, cause=cause, hint=hint)


CHECK = Check(
    run=query,
    proves="the query worker serves a stored day exactly, and says that it comes from R2",
    runbook="Data in R2 but not visible in queries",
    step=8,
    causes=(
        KnownCause(what="the query worker has no bucket, or another site (503, 400)", fix="pulumi up --stack NAME"),
        KnownCause(
            what="queryUrl leads to another worker", fix="correct it in Pulumi.NAME.yaml, then pulumi up --stack NAME"
        ),
        KnownCause(what="it reads other keys, or leaves rows out", fix="compare it with docs/query-worker.md"),
        KnownCause(what="the stored object is damaged", fix="python -m checks run r2 --stack NAME says which"),
    ),
    after=("r2",),
    wants=(Credential.CLOUDFLARE,),
    tags=frozenset({"read-only", "edge", "data"}),
    exempt=lambda context: None if context.manifest.siblings.query_url else "no query worker is declared",
)
