"""The query worker serves a stored day exactly, with the headers that name its source."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from datetime import date
from http import HTTPStatus
from typing import TYPE_CHECKING

from checks.check import Check, Context, KnownCause
from checks.clients.query.question import PATH, Question
from checks.clients.worker.edge_errors import ServerError
from checks.model.credentials import Credential
from checks.model.finding import Cause, Evidence, Failed, Finding, Inconclusive, ShapeError, TransientError, describe
from checks.model.hint import Hint
from checks.stored_days.comparison.query_comparison import find_difference, select_samples
from checks.stored_days.gzip_reader import DayTooLargeError
from checks.stored_days.judgement import decode_and_judge, describe_too_large, is_empty
from checks.stored_days.listing import fetch_object, list_days
from checks.stored_days.selection import select_days
from checks.stored_days.stored_day import read_samples

if TYPE_CHECKING:
    from checks.clients.query.client import QueryAnswer, QueryWorker
    from checks.stored_days.stored_day import Sample
    from cloudflare_client.answers import StoredObject
    from cloudflare_client.http_answer import HttpAnswer

MAX_SAMPLES = 1_000  # to ask for
HEADERS = {"X-Data-Source": ("R2", "SPLIT"), "X-Query-Strategy": ("R2_ONLY", "SPLIT")}


def query(context: Context) -> Iterator[Evidence | Finding]:
    """Read one stored day by the API, query a part of it, and compare."""
    worker = context.query
    if worker is None:
        url = repr(context.manifest.siblings.query_url)
        raise Failed(
            describe(
                "queryUrl", "https://HOST, without a slash at its end", url, Cause.CONFIGURATION, Hint.edit_settings()
            )
        )
    question, expected = _choose_question(context)
    try:
        findings = list(_judge(worker, question, expected))
    except TransientError as error:
        if not isinstance(error, ServerError):
            raise
        findings = [error.finding]
    yield from findings
    if not findings:
        yield Evidence(f"{len(expected):,} samples of {' and '.join(question.points)} are served exactly as stored")


def _choose_question(context: Context) -> tuple[Question, tuple[Sample, ...]]:
    """Return a question about another day each day, and the samples that must come back."""
    stored = list_days(context.cloudflare, context.manifest)
    filled = [day for day, item in stored.items() if not is_empty(item)]
    if not filled:
        raise Inconclusive(_describe_no_samples(len(stored)))
    chosen = select_days(filled, context.now, thorough=False)
    day = chosen[context.now.toordinal() % len(chosen)]
    return _make_question(context, day, stored[day])


def _make_question(context: Context, day: date, item: StoredObject) -> tuple[Question, tuple[Sample, ...]]:
    storage = context.manifest.storage
    raw = fetch_object(context.cloudflare, storage, item)
    decoded = decode_and_judge(storage, item, raw, day, check="query")
    points = _choose_points(context, sorted(decoded.points))
    try:
        samples = select_samples(read_samples(raw, item.metadata, day=day), points, MAX_SAMPLES)
    except DayTooLargeError as error:
        raise Inconclusive(describe_too_large(item.key, error, "query")) from None
    start, end = samples[0].timestamp, samples[-1].timestamp + 1
    return Question(site=context.manifest.ace.site, points=points, start=start, end=end), samples


def _choose_points(context: Context, names: Sequence[str]) -> tuple[str, ...]:
    """Return two points: one by its whole name, one by its last segment."""
    usable = [name for name in names if "," not in name]  # a comma separates the names in a query
    if not usable:
        expected = "a point with a name that a query can carry"
        found = f"{len(names)} points, each with a comma in its name"
        raise Inconclusive(describe(PATH, expected, found, Cause.CHECKER, Hint.rerun("query")))
    whole, *others = random.Random(context.now.toordinal()).sample(usable, min(2, len(usable)))  # noqa: S311 - a choice
    short = [name.rpartition("/")[2] for name in others]
    return whole, *(name for name in short if name)


def _judge(worker: QueryWorker, question: Question, expected: Sequence[Sample]) -> Iterator[Finding]:
    answer, hint = worker.query(question), Hint.request(worker.format_url(question))
    if answer.answer is not None and answer.answer.status != HTTPStatus.OK:
        yield _describe_refusal(hint, answer, answer.answer)
        return
    if answer.answer is not None:
        yield from _judge_headers(answer.answer, hint)
    try:
        difference = find_difference(expected, answer.samples)
    except ShapeError as error:
        cause = Cause.STORAGE if answer.error.code == "storage" else Cause.WORKER
        yield describe(f"GET {PATH}", f"JSON with {len(expected)} samples", str(error), cause, hint)
        return
    if difference is not None:
        yield describe(f"GET {PATH}, {difference[0]}", difference[1], difference[2], Cause.WORKER, hint)


def _judge_headers(answer: HttpAnswer, hint: Hint) -> Iterator[Finding]:
    for name, allowed in HEADERS.items():
        found = answer.headers.get(name)
        if found not in allowed:
            yield describe(f"{name} of GET {PATH}", " or ".join(allowed), str(found), Cause.WORKER, hint)


def _describe_refusal(hint: Hint, answer: QueryAnswer, http: HttpAnswer) -> Finding:
    """Return the finding for another status than 200: the stack, the storage, the address or the worker."""
    known = {
        "not_configured": (Cause.CONFIGURATION, Hint.deploy()),
        "bad_parameter": (Cause.CONFIGURATION, Hint.deploy()),
        "storage": (Cause.STORAGE, Hint.rerun("r2")),
    }
    code = answer.error.code
    found = f"{http.status} {answer.error.shown}" if code else http.shown
    if code in known:
        return describe(f"GET {PATH}", "200", found, *known[code])
    if http.status < HTTPStatus.INTERNAL_SERVER_ERROR:
        found += " (does queryUrl, or queryWorkerName, name the query worker?)"
        return describe(f"GET {PATH}", "200", found, Cause.CONFIGURATION, Hint.edit_settings())
    return describe(f"GET {PATH}", "200", found, Cause.WORKER, hint)


def _describe_no_samples(count: int) -> Finding:
    found = f"only empty days are stored ({count})" if count else "no day is stored"
    hint = Hint.rerun("trigger", "r2", "query")
    return describe("days to query", "at least one with samples", found, Cause.PROPAGATION, hint)


CHECK = Check(
    run=query,
    proves="the query worker serves a stored day exactly, and its headers name R2 as the source",
    runbook="Data in R2 but not visible in queries",
    step=8,
    causes=(
        KnownCause(what="the query worker has no bucket, or another site (503, 400)", fix="pulumi up --stack NAME"),
        KnownCause(
            what="queryUrl names another worker", fix="correct it in Pulumi.NAME.yaml, then pulumi up --stack NAME"
        ),
        KnownCause(
            what="the query worker reads other keys, or loses rows",
            fix="compare it with docs/reference/query-worker.md",
        ),
        KnownCause(what="the stored object is damaged", fix="python -m checks run r2 --stack NAME"),
    ),
    after=("r2",),
    wants=(Credential.CLOUDFLARE,),
    tags=frozenset({"read-only", "edge", "data"}),
    does_not_apply=lambda context: None if context.manifest.siblings.query_url else "no query worker is declared",
)
