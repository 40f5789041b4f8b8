"""Each complete day has an object in the bucket, and a sample of the objects agrees with their metadata."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import TYPE_CHECKING

from checks.check import Check, Context, KnownCause
from checks.clients.worker.progress import Progress, read_progress_day
from checks.diagnosis.clock_skew import correct_now, find_skew
from checks.diagnosis.empty_days import probe_empty_days
from checks.diagnosis.error_codes import describe_reported_error, diagnose_error_code
from checks.model.background import run_in_background
from checks.model.credentials import Credential
from checks.model.finding import Cause, Evidence, Failed, Finding, Inconclusive, ShapeError, TransientError
from checks.model.hint import Hint
from checks.stored_days import judgement
from checks.stored_days.listing import fetch_concurrently, list_days
from checks.stored_days.selection import find_last_days, select_days

if TYPE_CHECKING:
    from checks.clients.worker.client import WorkerReply
    from cloudflare_client.answers import StoredObject

MAX_FINDINGS = 10  # damaged days that are reported one by one

_Stored = Mapping[date, "StoredObject"]


def r2(context: Context) -> Iterator[Evidence | Finding]:
    """List the stored days, judge the list, then decode and judge a sample of the days."""
    listed = run_in_background(lambda: list_days(context.cloudflare, context.manifest))
    reply = context.worker.fetch_status(context.credentials.operator)
    progress = _read_progress(context, reply)
    stored = listed()
    yield from _judge_list(context, progress, stored, reply)
    yield from _judge_content(context, stored)


def _read_progress(context: Context, reply: WorkerReply) -> Progress:
    if reply.own and reply.status != 200:
        raise Failed(describe_reported_error(context, "GET /status", reply))
    try:
        return Progress.read(reply.body)
    except ShapeError as error:
        raise Failed(
            Finding(
                subject="GET /status",
                expected="the progress",
                found=f"{reply.status}: {error}",
                cause=Cause.WORKER,
                hint=Hint.show_logs(),
            )
        ) from None


def _judge_list(
    context: Context, progress: Progress, stored: dict[date, StoredObject], reply: WorkerReply
) -> Iterator[Evidence | Finding]:
    """Judge the list alone, and remove the days that are not over from it."""
    manifest, bucket = context.manifest, context.manifest.storage.bucket
    skew = find_skew(context)
    if skew is not None:
        yield skew
    _, latest = find_last_days(manifest.ace.end_date, correct_now(context), context.deadline.seconds)
    yield from judgement.judge_early_days(bucket, stored, latest)
    for day in [day for day in stored if day > latest]:
        del stored[day]
    for finding in judgement.judge_missing_days(manifest, progress, stored, latest):
        raise Failed(finding)
    if not stored:
        raise Inconclusive(_describe_empty_bucket(context, reply))
    yield Evidence(
        f"{len(stored)} of {progress.days_total} days are stored, "
        f"and the worker reports {progress.days_complete} complete"
    )
    for finding in judgement.judge_metadata(bucket, stored):
        raise Failed(finding)


def _judge_content(context: Context, stored: _Stored) -> Iterator[Evidence | Finding]:
    items = list(probe_empty_days(context, stored))
    yield from items
    missed = any(isinstance(item, Finding) for item in items)  # then ACE has data, so the site is not the cause
    if not missed and all(judgement.is_empty(item) for item in stored.values()):
        raise Inconclusive(_describe_only_empty_days(context, len(stored)))
    yield from judgement.judge_encoding(stored)
    yield from _judge_sample(context, stored)


def _judge_sample(context: Context, stored: _Stored) -> Iterator[Evidence | Finding]:
    """Decode the selected days, and yield a finding for each that does not agree with its metadata."""
    chosen = select_days(stored, context.now, thorough=context.thorough)
    storage, site = context.manifest.storage, context.manifest.ace.site
    whole = samples = damaged = 0
    too_large: Inconclusive | None = None
    for day, fetched in fetch_concurrently(context.cloudflare, storage, chosen, stored):
        try:
            decoded = judgement.decode_and_judge(storage.bucket, stored[day], fetched(), day, site=site, check="r2")
        except TransientError:
            raise
        except Inconclusive as error:  # a day beyond this checker's limits must not hide a damaged one after it
            too_large = too_large or error
        except Failed as error:
            damaged += 1
            if damaged <= MAX_FINDINGS:
                yield error.finding
        else:
            whole, samples = whole + 1, samples + decoded.samples
    yield Evidence(f"{whole} of them agree with their metadata ({samples:,} samples)")
    if damaged > MAX_FINDINGS:
        yield Evidence(f"{damaged - MAX_FINDINGS} more days do not agree with their metadata")
    if too_large is not None:
        raise too_large


def _describe_only_empty_days(context: Context, count: int) -> Finding:
    ace = context.manifest.ace
    return judgement.describe_nothing_stored(
        context.manifest,
        expected="at least one sample",
        found=f"only empty days are stored ({count}): does {ace.site} have data from {ace.start_date} on?",
        cause=Cause.CONFIGURATION,
        hint=Hint.edit_settings(),
    )


def _describe_empty_bucket(context: Context, reply: WorkerReply) -> Finding:
    """Return the finding for an empty bucket. The worker's last error, if it has one, gives the cause."""
    failure = reply.last_error
    cause, hint, words = Cause.PROPAGATION, Hint.rerun("trigger", "r2"), ""
    if failure.code:
        diagnosis = diagnose_error_code(context, failure.code, read_progress_day(reply.body))
        cause, hint, words = diagnosis.cause, diagnosis.hint, f": {diagnosis.explain(failure.shown)}"
    return judgement.describe_nothing_stored(
        context.manifest,
        expected="at least one stored day",
        found=f"no day is stored, and the worker reports none complete{words}",
        cause=cause,
        hint=hint,
    )


CHECK = Check(
    run=r2,
    proves="every complete day has an object, and a sample of the objects (or all) agrees with its metadata",
    runbook="step 7",
    step=7,
    causes=(
        KnownCause(what="no day was stored, because the trigger fails", fix="see the check trigger"),
        KnownCause(what="the bucket was deleted, or another one is bound", fix="pulumi up --stack NAME"),
        KnownCause(
            what="an object was written by other code, or is damaged",
            fix="npx wrangler r2 object delete BUCKET/KEY --remote, then the cron writes that day again",
        ),
        KnownCause(
            what="a day was stored as empty before ACE had its data, or ACE has a sample twice",
            fix="delete the object, so that the cron writes it again, or else ask ACE",
        ),
        KnownCause(
            what="the worker stored a day before its end (UTC), so that the rest would be lost",
            fix="delete the object, so that the cron writes that day after its end",
        ),
        KnownCause(
            what="inconclusive: an object is too large to decompress within 256 MiB of memory",
            fix="if another program wrote it, delete it, so that the cron writes that day again",
        ),
    ),
    needs=("key",),
    after=("token", "trigger"),
    wants=(Credential.OPERATOR, Credential.CLOUDFLARE),
    tags=frozenset({"read-only", "api", "data"}),
)
