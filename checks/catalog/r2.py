"""Every day that is said to be complete has an object, and a sample of them decodes to what its metadata says."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import date
from typing import TYPE_CHECKING

from checks.check import Check, Context, KnownCause
from checks.clients.worker.progress import Progress, day_at
from checks.diagnosis import error_codes
from checks.model.background import run_in_background
from checks.model.credentials import Credential
from checks.model.finding import Cause, Evidence, Finding, Inconclusive, ShapeError
from checks.stored_days import days, decoded_days, empty_days, objects

if TYPE_CHECKING:
    from checks.clients.worker.client import Reply
    from cloudflare_client.answers import StoredObject

METADATA = {"samples", "points", "sha256", "source", "worker_version"}
RANGE = {"first", "last"}  # of a day that has samples


def r2(context: Context) -> Iterator[Evidence | Finding]:
    """Compare the days that the worker calls complete with the objects in the bucket, then decode a sample."""
    listed = run_in_background(lambda: objects.stored(context))
    reply = context.worker.status(context.credentials.operator)
    progress = _progress(context, reply)
    if isinstance(progress, Finding):
        yield progress
        return
    stored = listed()
    if isinstance(stored, Finding):
        yield stored
        return
    for day in days.early(context, stored):
        key = stored.pop(day).key
        yield objects.rewrite(
            context, key, "no object before the day is over (UTC)", "a part of that day", key=key, again="r2"
        )
    missing = _missing(context, progress, stored.keys())
    if missing is not None:
        yield missing
        return
    if not stored:
        raise Inconclusive(_nothing_yet(context, reply))
    yield Evidence(f"{len(stored)} of {progress.days_total} days stored, {progress.days_complete} said to be complete")
    undescribed = _undescribed(context, stored)
    if undescribed is not None:
        yield undescribed
        return
    said = list(empty_days.asked(context, stored))
    yield from said
    missed = any(isinstance(item, Finding) for item in said)  # then ACE has data, and the site is not the matter
    if not missed and all(item.metadata["samples"] == "0" for item in stored.values()):
        raise Inconclusive(_all_empty(context, len(stored)))
    yield from _encoded(context, stored)
    yield from decoded_days.judged(context, stored)


def _progress(context: Context, reply: Reply) -> Progress | Finding:
    if reply.own and reply.status != 200:
        return error_codes.accuse(context, "GET /status", reply)
    try:
        return Progress.read(reply.body)
    except ShapeError as error:
        return _finding(context, "GET /status", "the progress", f"{reply.status}: {error}", Cause.WORKER)


def _missing(context: Context, progress: Progress, stored: Collection[date]) -> Finding | None:
    absent = days.absent(context, progress, stored)
    if not absent:
        return None
    more = f" and {len(absent) - 1} more" if len(absent) > 1 else ""
    storage, ace = context.manifest.storage, context.manifest.ace
    return _finding(
        context,
        f"objects of bucket {storage.bucket}",
        f"{progress.days_complete} days from {ace.start_date}, as the worker says",
        f"{len(stored)}; absent: {storage.key(ace.site, absent[0].isoformat())}{more}",
        Cause.WORKER,
    )


def _undescribed(context: Context, stored: Mapping[date, StoredObject]) -> Finding | None:
    """Return the first object that is empty, or whose metadata is not what every whole day carries."""
    for _, item in sorted(stored.items()):
        true = METADATA | (set() if item.metadata.get("samples") == "0" else RANGE)
        absent = sorted(true - item.metadata.keys())
        if item.size == 0 or absent:
            actual = f"metadata without {', '.join(absent)}" if absent else "0 bytes"
            actual = actual if item.metadata else "no metadata at all: something else wrote it"
            expected, cause = "a whole day with its metadata", objects.writer(item)
            return objects.rewrite(context, item.key, expected, actual, key=item.key, cause=cause, again="r2")
    return None


def _all_empty(context: Context, count: int) -> Finding:
    ace = context.manifest.ace
    return Finding(
        subject=f"objects under {context.manifest.storage.prefix}",
        expected="at least one sample to judge",
        found=f"{count} days, each stored as empty: has {ace.site} data from {ace.start_date} on?",
        cause=Cause.CONFIGURATION,
        hint=context.edit(),
    )


def _encoded(context: Context, stored: Mapping[date, StoredObject]) -> Iterator[Finding]:
    encoded = [item for _, item in sorted(stored.items()) if item.content_encoding]
    if encoded:
        subject = encoded[0].key + (f" and {len(encoded) - 1} more" if len(encoded) > 1 else "")
        actual = f"{encoded[0].content_encoding}, so that some readers decompress twice"
        yield _finding(context, subject, "no Content-Encoding", actual, Cause.WORKER)


def _nothing_yet(context: Context, reply: Reply) -> Finding:
    """Return what to say of an empty bucket: the worker's last error, if it remembers one, says whose matter it is."""
    failure = reply.last_error
    accused = error_codes.Accusation(cause=Cause.PROPAGATION, hint=context.again("trigger", "r2"))
    if failure.code:
        accused = error_codes.of(context, failure.code, day_at(reply.body))
    words = f": {accused.shown(failure.shown)}" if failure.code else ""
    return Finding(
        subject=f"objects under {context.manifest.storage.prefix}",
        expected="at least one day to judge",
        found=f"nothing is stored, and nothing is said to be complete{words}",
        cause=accused.cause,
        hint=accused.hint,
    )


def _finding(context: Context, subject: str, expected: str, actual: str, cause: Cause) -> Finding:
    hint = context.pulumi("up") if cause is Cause.STORAGE else context.tail()
    return Finding(subject=subject, expected=expected, found=actual, cause=cause, hint=hint)


CHECK = Check(
    run=r2,
    proves="every day that is said to be complete has an object; a sample (or all) decodes, its metadata is true",
    runbook="step 7",
    step=7,
    causes=(
        KnownCause(what="nothing was written: the trigger fails", fix="see what the check trigger says"),
        KnownCause(what="the bucket was deleted, or another one is bound", fix="pulumi up --stack NAME"),
        KnownCause(
            what="an object was written by other code, or damaged",
            fix="npx wrangler r2 object delete BUCKET/KEY --remote; the cron writes that day again",
        ),
        KnownCause(
            what="a day was stored as empty before ACE had its data; or ACE itself holds a sample twice",
            fix="delete the object, and the cron writes it again; if that does not help, ask ACE",
        ),
        KnownCause(
            what="the worker stored a day before it was over (UTC), so that its rest would be lost",
            fix="delete the object, and the cron writes that day once it is over",
        ),
        KnownCause(
            what="no verdict: an object decompresses to more than can be judged in 256 MiB of memory",
            fix="if it is no day of yours, delete it, and the cron writes that day again",
        ),
    ),
    needs=("key",),
    after=("token", "trigger"),
    wants=(Credential.OPERATOR, Credential.CLOUDFLARE),
    tags=frozenset({"read-only", "api", "data"}),
)
