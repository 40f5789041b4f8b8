"""Each complete day has an object in the bucket, and a sample of the objects agrees with their metadata."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from datetime import date
from typing import TYPE_CHECKING

from checks.check import Check, Context, KnownCause
from checks.clients.worker.progress import Progress, read_progress_day
from checks.diagnosis.clock_skew import correct_now, find_skew
from checks.diagnosis.error_codes import describe_reported_error, diagnose_error_code
from checks.diagnosis.stored_objects.damage import explain_damage
from checks.diagnosis.stored_objects.decoding import MAX_FINDINGS, judge_sample
from checks.diagnosis.stored_objects.empty_days import probe_empty_days
from checks.diagnosis.stored_objects.shared_list import list_stored_days
from checks.model.credentials import Credential
from checks.model.finding import Cause, Evidence, Failed, Finding, Inconclusive, ShapeError, count
from checks.model.hint import Hint
from checks.stored_days import judgement
from checks.stored_days.selection import find_last_days

if TYPE_CHECKING:
    from checks.clients.worker.client import WorkerReply
    from cloudflare_client.answers import StoredObject
    from contract.schedule import SiteDay

_Stored = Mapping["SiteDay", "StoredObject"]


def r2(context: Context) -> Iterator[Evidence | Finding]:
    """List the stored days, judge the list, then decode and judge a sample of the days."""
    reply = context.worker.fetch_status(context.credentials.operator)
    progress = _read_progress(context, reply)
    now, seconds = correct_now(context), context.deadline.seconds
    latest = {site.name: find_last_days(site.end_date, now, seconds)[1] for site in context.manifest.sites}
    listed = _list_days(context, progress, latest)
    stored = _drop_early_days(listed, latest)
    yield from _judge_list(context, progress, listed, stored, reply, latest)
    yield from _judge_content(context, stored)


def _list_days(context: Context, progress: Progress, latest: Mapping[str, date]) -> _Stored:
    """Return the stored days. Only a list that began after the worker reported shows that a day is missing."""
    begun = context.listed_days.begun
    if context.batch.may_have_stored or _lacks_days(context, progress, latest):
        return list_stored_days(context, begun)
    return list_stored_days(context)


def _lacks_days(context: Context, progress: Progress, latest: Mapping[str, date]) -> bool:
    stored = _drop_early_days(list_stored_days(context), latest)
    return not stored or bool(judgement.find_missing_days(context.manifest, progress, stored, latest))


def _drop_early_days(listed: _Stored, latest: Mapping[str, date]) -> _Stored:
    """Return the days without those that are not over."""
    if all(place.day <= latest[place.site] for place in listed):
        return listed
    return {place: item for place, item in listed.items() if place.day <= latest[place.site]}


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
    context: Context,
    progress: Progress,
    listed: _Stored,
    stored: _Stored,
    reply: WorkerReply,
    latest: Mapping[str, date],
) -> Iterator[Evidence | Finding]:
    """Judge the list alone. ``stored`` are the listed days that are over."""
    manifest, storage = context.manifest, context.manifest.storage
    skew = find_skew(context)
    if skew is not None:
        yield skew
    for day, finding in judgement.judge_early_days(storage, listed, latest):
        yield explain_damage(context, finding, listed[day], day)
    for finding in judgement.judge_missing_days(manifest, progress, stored, latest):
        raise Failed(finding)
    if not stored:
        raise Inconclusive(_describe_empty_bucket(context, reply))
    sites = f" of {len(manifest.sites)} sites" if len(manifest.sites) > 1 else ""
    yield Evidence(
        f"{len(stored):,} of {progress.days_total:,} days{sites} are stored, "
        f"and the worker reports {progress.days_complete:,} complete"
    )
    for day, finding in judgement.judge_metadata(storage, stored):
        raise Failed(explain_damage(context, finding, stored[day], day))


def _judge_content(context: Context, stored: _Stored) -> Iterator[Evidence | Finding]:
    items = list(probe_empty_days(context, stored))
    yield from items
    missed = any(isinstance(item, Finding) for item in items)  # then ACE has data, so the site is not the cause
    if not missed and all(judgement.is_empty(item) for item in stored.values()):
        raise Inconclusive(_describe_only_empty_days(context, len(stored)))
    yield from judgement.judge_encoding(stored)
    changed = dict(judgement.judge_sizes(context.manifest.storage, stored))
    for day, finding in itertools.islice(changed.items(), MAX_FINDINGS):
        yield explain_damage(context, finding, stored[day], day)
    if len(changed) > MAX_FINDINGS:
        yield Evidence(f"another size than the metadata say: {count(len(changed) - MAX_FINDINGS, 'more day')}")
    yield from judge_sample(context, stored, changed.keys())


def _describe_only_empty_days(context: Context, count: int) -> Finding:
    sites = context.manifest.sites
    if len(sites) == 1:
        words = f"does {sites[0].name} have data from {sites[0].start_date} on?"
    else:
        words = "do the sites have data from their first days on?"
    return judgement.describe_nothing_stored(
        context.manifest,
        expected="at least one sample",
        found=f"only empty days are stored ({count}): {words}",
        cause=Cause.CONFIGURATION,
        hint=Hint.edit_settings(),
    )


def _describe_empty_bucket(context: Context, reply: WorkerReply) -> Finding:
    """Return the finding for an empty bucket. The worker's last error gives the cause, unless a later run cured it."""
    failure, at = reply.last_error, reply.last_error_time
    cause, hint, words = Cause.PROPAGATION, Hint.rerun("trigger", "r2"), ""
    shown = failure.shown + (f" at {at}" if at else "")
    if failure.code and reply.is_last_error_cured:
        words = f". A later run succeeded after its last error, {shown}"
    elif failure.code:
        diagnosis = diagnose_error_code(context, failure.code, read_progress_day(reply.body))
        cause, hint, words = diagnosis.cause, diagnosis.hint, f": {diagnosis.explain(shown)}"
    return judgement.describe_nothing_stored(
        context.manifest,
        expected="at least one stored day",
        found=f"no day is stored, and the worker reports none complete{words}",
        cause=cause,
        hint=hint,
    )


CHECK = Check(
    run=r2,
    proves="every complete day has an object of its size, and a sample that rotates (or all) agrees with its metadata",
    runbook="step 7",
    step=7,
    causes=(
        KnownCause(what="no day was stored, because the trigger fails", fix="see the check trigger"),
        KnownCause(what="the bucket was deleted, or another one is bound", fix="pulumi up --stack NAME"),
        KnownCause(
            what="an object is damaged, or was changed after it was written",
            fix="keep a copy, as the line of the finding shows, and look for the program that changed it",
        ),
        KnownCause(
            what="another version wrote the object (outside_change), or the live code wrote it wrongly (worker)",
            fix="keep a copy. Look at that version, or correct the code first, because the same code writes the same",
        ),
        KnownCause(
            what="a day was stored as empty before ACE had its data, or ACE has a sample twice",
            fix="ask ACE, then python -m backfill replace --site SITE --day DAY --dry-run --stack NAME",
        ),
        KnownCause(
            what="the worker stored a day before its end (UTC), so that the rest is not in the object",
            fix="correct the code, then python -m backfill replace --site SITE --day DAY --dry-run --stack NAME",
        ),
        KnownCause(
            what="inconclusive: the clock of this machine is wrong (the Date of Cloudflare's answers tells)",
            fix="set the clock, and run the check again",
        ),
        KnownCause(
            what="inconclusive: an object is too large to decompress within 256 MiB of memory",
            fix="look at the version that wrote it: the largest known day has 58 MB",
        ),
    ),
    needs=("key",),
    after=("token", "trigger"),
    wants=(Credential.OPERATOR, Credential.CLOUDFLARE),
    tags=frozenset({"read-only", "api", "data"}),
)
