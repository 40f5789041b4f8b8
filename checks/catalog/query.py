"""The query worker serves stored days exactly, with the headers that name its source."""

from __future__ import annotations

import itertools
import json
import random
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING

from checks.check import Check, Context, KnownCause
from checks.clients.query.question import ABSENT_POINT, PATH, Question
from checks.clients.worker.edge_errors import ServerError
from checks.diagnosis.live_worker.query_refusal import describe_refusal
from checks.diagnosis.stored_objects.shared_list import find_rewritten, list_stored_days
from checks.model.credentials import Credential
from checks.model.finding import Cause, Evidence, Failed, Finding, Inconclusive, ShapeError, TransientError, describe
from checks.model.hint import Hint
from checks.stored_days.comparison.query_comparison import find_difference, select_samples
from checks.stored_days.comparison.query_days import choose_days, choose_site
from checks.stored_days.gzip_reader import DayTooLargeError
from checks.stored_days.judgement import decode_and_judge, describe_too_large, is_empty
from checks.stored_days.listing.days import group_by_site
from checks.stored_days.listing.objects import fetch_object
from checks.stored_days.stored_day import format_moment, read_samples
from contract.schedule import SiteDay

if TYPE_CHECKING:
    from checks.clients.query.client import QueryWorker
    from checks.stored_days.stored_day import Sample
    from cloudflare_client.answers import StoredObject
    from cloudflare_client.http_answer import HttpAnswer

MAX_SAMPLES = 1_000  # to ask for
EXPOSED = "Access-Control-Expose-Headers"
HEADERS = {"X-Data-Source": ("R2", "SPLIT"), "X-Query-Strategy": ("R2_ONLY", "SPLIT")}


def query(context: Context) -> Iterator[Evidence | Finding]:
    """Read two stored days by the API, query a part of both, and compare."""
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
        points = " and ".join(question.points[:-1])
        days = " and ".join(sorted({format_moment(sample.timestamp)[:10] for sample in expected}))
        where = f"{question.site}, " if len(context.manifest.sites) > 1 else ""
        yield Evidence(f"{where}{days}: {len(expected):,} samples of {points} are served exactly as stored")


def _choose_question(context: Context) -> tuple[Question, tuple[Sample, ...]]:
    """Return a question over two days, others and of another site each day, and the samples that must come back."""
    stored = list_stored_days(context)
    grouped = group_by_site(context.manifest, {day: item for day, item in stored.items() if not is_empty(item)})
    sites = sorted(site for site, items in grouped.items() if items)
    if not sites:
        raise Inconclusive(_describe_no_samples(len(stored)))
    site = choose_site(sites, context.now)
    filled = grouped[site]
    chosen = choose_days(filled, context.now, len(sites))
    days = [_read_day(context, SiteDay(site, day), filled[day]) for day in chosen]
    points = _choose_points(context, [sorted(day.points) for day in days])
    count = MAX_SAMPLES // len(days)
    try:
        parts = [select_samples(day.read(), points, count, is_end=len(days) > 1 and day is days[0]) for day in days]
    except DayTooLargeError as error:
        raise Inconclusive(describe_too_large(days[0].key, error, "query")) from None
    samples = tuple(itertools.chain.from_iterable(parts))
    start, end = samples[0].timestamp, samples[-1].timestamp + 1
    return Question(site=site, points=(*points, ABSENT_POINT), start=start, end=end), samples


@dataclass(frozen=True, slots=True, kw_only=True)
class _Day:
    """A stored day that agrees with its metadata. ``read`` decodes its samples."""

    key: str
    points: Collection[str]
    read: Callable[[], Iterator[Sample]]


def _read_day(context: Context, day: SiteDay, item: StoredObject) -> _Day:
    storage = context.manifest.storage
    raw = fetch_object(context.cloudflare, storage, item)
    try:
        decoded = decode_and_judge(storage, item, raw, day.day, check="query")
    except Failed:
        newer = find_rewritten(context, item)
        if newer is None:
            raise
        return _read_day(context, day, newer)  # as it is now
    return _Day(key=item.key, points=decoded.points, read=lambda: read_samples(raw, item.metadata, day=day.day))


def _choose_points(context: Context, names: Sequence[Sequence[str]]) -> tuple[str, ...]:
    """Return a point of the first day by its whole name, and another one of the last day by its last segment."""
    usable = [[name for name in names if "," not in name] for names in names]  # a comma separates the names in a query
    if not all(usable):
        expected = "a point with a name that a query can carry"
        found = f"{min(map(len, names))} points, each with a comma in its name"
        raise Inconclusive(describe(PATH, expected, found, Cause.CHECKER, Hint.rerun("query")))
    source = random.Random(context.now.toordinal())  # noqa: S311 - a choice
    whole = source.choice(usable[0])
    others = [name for name in usable[-1] if name != whole and not name.endswith("/")]
    return whole, *(name.rpartition("/")[2] for name in ([source.choice(others)] if others else []))


def _judge(worker: QueryWorker, question: Question, expected: Sequence[Sample]) -> Iterator[Finding]:
    answer, hint = worker.query(question), Hint.request(worker.format_url(question))
    if answer.answer is not None and answer.answer.status != HTTPStatus.OK:
        yield describe_refusal(hint, answer.error, answer.answer)
        return
    if answer.answer is not None:
        yield from _judge_headers(answer.answer, hint)
    try:
        difference = find_difference(expected, answer.samples)
        unmatched = answer.unmatched
    except ShapeError as error:
        cause = Cause.STORAGE if answer.error.code == "storage" else Cause.WORKER
        yield describe(f"GET {PATH}", f"JSON with {len(expected)} samples", str(error), cause, hint)
        return
    if difference is not None:
        yield describe(f"GET {PATH}, {difference[0]}", difference[1], difference[2], Cause.WORKER, hint)
    if unmatched not in (None, [ABSENT_POINT]):  # a query worker of another program may not have the list
        yield describe(f"unmatched of GET {PATH}", ABSENT_POINT, json.dumps(unmatched)[:200], Cause.WORKER, hint)


def _judge_headers(answer: HttpAnswer, hint: Hint) -> Iterator[Finding]:
    for name, allowed in HEADERS.items():
        found = answer.headers.get(name)
        if found not in allowed:
            yield describe(f"{name} of GET {PATH}", " or ".join(allowed), str(found), Cause.WORKER, hint)
    exposed = answer.headers.get(EXPOSED, "")
    names = {name.strip().lower() for name in exposed.split(",")}
    if "*" not in names and not names >= {name.lower() for name in HEADERS}:
        yield describe(f"{EXPOSED} of GET {PATH}", ", ".join(HEADERS), exposed or "no such header", Cause.WORKER, hint)


def _describe_no_samples(count: int) -> Finding:
    found = f"only empty days are stored ({count})" if count else "no day is stored"
    hint = Hint.rerun("trigger", "r2", "query")
    return describe("days to query", "at least one with samples", found, Cause.PROPAGATION, hint)


CHECK = Check(
    run=query,
    proves="the query worker serves stored days exactly, and its headers name R2 as the source to browsers too",
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
