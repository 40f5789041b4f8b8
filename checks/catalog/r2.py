"""Every day that is said to be complete has an object, and a sample of them decodes to what its metadata says."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta

from checks import stored_day
from checks.clients.cloudflare_answers import NO_BUCKET, ApiError, StoredObject
from checks.context import Context
from checks.model import Blame, Cause, Check, Credential, Evidence, Finding, NoVerdictError, ShapeError
from checks.progress import Progress, accuse, is_date, last_day, tail
from manifest import Manifest

METADATA = {"samples", "points", "sha256", "source", "worker_version"}
RANGE = {"first", "last"}  # of a day that has samples
SAMPLE = 4  # days that are decoded: the first, the last, and others between


def r2(context: Context) -> Iterator[Evidence | Finding]:
    """Compare the days that the worker calls complete with the objects in the bucket, then decode a sample."""
    progress = _progress(context)
    if isinstance(progress, Finding):
        yield progress
        return
    try:
        days = _days(context)
    except ApiError as error:
        if NO_BUCKET not in error.codes:
            raise
        bucket = context.manifest.storage.bucket
        yield _finding(context, f"bucket {bucket}", "it exists", "there is no such bucket", Blame.STORAGE)
        return
    missing = _missing(context, progress, days)
    if missing is not None:
        yield missing
        return
    if not days:
        raise NoVerdictError(_nothing_yet(context))
    yield Evidence(f"{len(days)} of {progress.days_total} days stored, {progress.days_complete} said to be complete")
    undescribed = _undescribed(context, days)
    if undescribed is not None:
        yield undescribed
        return
    if all(item.metadata["samples"] == "0" for item in days.values()):
        raise NoVerdictError(_all_empty(context, len(days)))
    yield from _encoded(context, days)
    whole = samples = 0
    for day in _sample(sorted(days), context.now):
        judged = _judge(context, day, days[day])
        if isinstance(judged, Finding):
            yield judged
        else:
            whole, samples = whole + 1, samples + judged.samples
    yield Evidence(f"{whole} of them decoded and compared: {samples:,} samples")


def _progress(context: Context) -> Progress | Finding:
    reply = context.worker.status(context.credentials.operator)
    if reply.own and reply.status != 200:
        return accuse(context, "GET /status", reply)
    try:
        return Progress.read(reply.body)
    except ShapeError as error:
        return _finding(context, "GET /status", "the progress", f"{reply.status}: {error}", Blame.WORKER)


def _days(context: Context) -> dict[date, StoredObject]:
    """Return the stored days of the declared range; whatever else lies under the prefix is not ours to judge."""
    manifest, days = context.manifest, {}
    first, last = date.fromisoformat(manifest.ace.start_date), last_day(manifest.ace, context.now)
    if manifest.ace.end_date is None:  # midnight may have passed since this run began
        last += timedelta(days=1)
    storage = manifest.storage
    for item in context.cloudflare.objects(storage.bucket, prefix=storage.prefix, jurisdiction=storage.jurisdiction):
        day = _day(manifest, item.key)
        if day is not None and first <= day <= last:
            days[day] = item
    return days


def _day(manifest: Manifest, key: str) -> date | None:
    text = key[len(manifest.storage.prefix) :][:10]
    if not is_date(text) or key != manifest.storage.key(manifest.ace.site, text):
        return None
    return date.fromisoformat(text)


def _missing(context: Context, progress: Progress, days: Mapping[date, StoredObject]) -> Finding | None:
    """Return what is said to be complete and is not stored.

    The days before the one that the worker is at must all be there, and as many as it counts: a hole that the worker
    knows of, and will fill, breaks no promise.
    """
    first = date.fromisoformat(context.manifest.ace.start_date)
    declared = (last_day(context.manifest.ace, context.now) - first).days + 1
    passed = (progress.current_date - first).days if progress.current_date is not None else 0
    counted = progress.days_complete if len(days) < progress.days_complete else 0
    claimed = min(max(min(passed, progress.days_complete), counted), declared + 1)
    absent = [day for day in (first + timedelta(days=n) for n in range(claimed)) if day not in days]
    if not absent:
        return None
    more = f" and {len(absent) - 1} more" if len(absent) > 1 else ""
    storage = context.manifest.storage
    key = storage.key(context.manifest.ace.site, absent[0].isoformat())
    return _finding(
        context,
        f"objects of bucket {storage.bucket}",
        f"{progress.days_complete} days from {first}, as the worker says",
        f"{len(days)}; absent: {key}{more}",
        Blame.WORKER,
    )


def _sample(days: list[date], now: datetime) -> list[date]:
    """Return the first, the last and others between: today's choice, so that in time each day has its turn."""
    if len(days) <= SAMPLE:
        return days
    between = random.Random(now.toordinal()).sample(days[1:-1], SAMPLE - 2)  # noqa: S311 - no secret depends on it
    return [days[0], *sorted(between), days[-1]]


def _undescribed(context: Context, days: Mapping[date, StoredObject]) -> Finding | None:
    """Return the first object that is empty, or whose metadata is not what every whole day carries."""
    for _, item in sorted(days.items()):
        expected = METADATA | (set() if item.metadata.get("samples") == "0" else RANGE)
        absent = sorted(expected - item.metadata.keys())
        if item.size == 0 or absent:
            actual = f"metadata without {', '.join(absent)}" if absent else "0 bytes"
            return _rewrite(context, item.key, "a whole day with its metadata", actual)
    return None


def _all_empty(context: Context, days: int) -> Finding:
    ace = context.manifest.ace
    return Finding(
        subject=f"objects under {context.manifest.storage.prefix}",
        expected="at least one sample to judge",
        actual=f"{days} days, each stored as empty",
        blame=Blame.CONFIG,
        hint=f"see at {ace.base_url} that {ace.site} has data from {ace.start_date} on",
    )


def _rewrite(context: Context, key: str, expected: str, actual: str) -> Finding:
    bucket = context.manifest.storage.bucket
    hint = f"npx wrangler r2 object delete {bucket}/{key} --remote && {context.again('trigger', 'r2')}"
    return Finding(subject=key, expected=expected, actual=actual, blame=Blame.WORKER, hint=hint)


def _judge(context: Context, day: date, item: StoredObject) -> stored_day.Day | Finding:
    storage = context.manifest.storage
    answer = context.cloudflare.read(storage.bucket, item.key, jurisdiction=storage.jurisdiction)
    if answer.status != 200:
        expected = "an object that can be read, as the list says"
        return _finding(context, item.key, expected, answer.shown, Blame.STORAGE)
    try:
        found = stored_day.read(answer.body, day=day)
        stored_day.compare(found, item.metadata)
    except stored_day.BrokenDayError as error:
        return _rewrite(context, item.key, error.expected, error.actual)
    except stored_day.UnjudgedDayError as error:
        raise NoVerdictError(
            Finding(
                subject=item.key,
                expected="a day within this checker's bounds",
                actual=str(error),
                blame=Blame.CHECKER,
                hint=context.again("r2"),
            )
        ) from None
    return found


def _encoded(context: Context, days: Mapping[date, StoredObject]) -> Iterator[Finding]:
    encoded = [item for _, item in sorted(days.items()) if item.content_encoding]
    if encoded:
        subject = encoded[0].key + (f" and {len(encoded) - 1} more" if len(encoded) > 1 else "")
        actual = f"{encoded[0].content_encoding}, so that some readers decompress twice"
        yield _finding(context, subject, "no Content-Encoding", actual, Blame.WORKER)


def _nothing_yet(context: Context) -> Finding:
    return Finding(
        subject=f"objects under {context.manifest.storage.prefix}",
        expected="at least one day to judge",
        actual="nothing is stored, and nothing is said to be complete",
        blame=Blame.PROPAGATION,
        hint=f"wait for the cron, or {context.again('trigger', 'r2')}",
    )


def _finding(context: Context, subject: str, expected: str, actual: str, blame: Blame) -> Finding:
    hint = context.pulumi("up") if blame is Blame.STORAGE else f"read the live logs: {tail(context)}"
    return Finding(subject=subject, expected=expected, actual=actual, blame=blame, hint=hint)


CHECK = Check(
    run=r2,
    proves="every day that is said to be complete has an object; a sample decodes, and its metadata is true",
    runbook="step 7",
    step=7,
    causes=(
        Cause(what="nothing was written: the trigger fails", fix="see what the check trigger says"),
        Cause(what="the bucket was deleted, or another one is bound", fix="pulumi up --stack NAME"),
        Cause(
            what="an object was written by other code, or damaged",
            fix="npx wrangler r2 object delete BUCKET/KEY --remote; the cron writes that day again",
        ),
    ),
    needs=("key",),
    after=("trigger",),
    wants=(Credential.OPERATOR, Credential.CLOUDFLARE),
    tags=frozenset({"read-only", "api", "data"}),
)
