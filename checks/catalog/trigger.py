"""One batch continues the backfill, and the worker's own counters agree."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from typing import TYPE_CHECKING

from checks.check import Check, Context, KnownCause
from checks.clients.worker.progress import Progress, read_failed_day
from checks.clients.worker.site_totals import read_site_totals
from checks.clients.worker.skipped_days import SkippedDays
from checks.diagnosis.backfill.reported_totals import find_other_range, find_wrong_total
from checks.diagnosis.batch_recording import record_batch
from checks.diagnosis.error_codes import describe_reported_error
from checks.model.credentials import Credential, Secret
from checks.model.finding import Cause, Evidence, Failed, Finding, ShapeError, Stop
from checks.model.hint import Hint

if TYPE_CHECKING:
    from checks.clients.worker.client import WorkerReply

SUBJECT, STATUS = "POST /trigger", "GET /status"
MIN_SECONDS = 15.0  # of a batch that has no time left for a day: 20 s, and clocks are not exact


def trigger(context: Context) -> Iterator[Evidence | Finding]:
    """Send requests that must be refused, then run one batch, record its log for the check ``logs``, and judge it."""
    before = _read_progress(context, STATUS, context.worker.fetch_status(context.credentials.operator))
    accepted = list(_find_accepted(context))  # before the tail is open, so that it shows one batch
    yield from accepted
    with record_batch(context):
        yield from _run_batch(context, before)
    if not accepted:
        yield Evidence("it refuses requests without a token, or with a wrong one")


def _find_accepted(context: Context) -> Iterator[Finding]:
    """Yield a finding for the first request that is not refused with 401. An open worker runs one batch then."""
    for name, token in (("no token", None), ("a wrong token", Secret(secrets.token_urlsafe(32)))):
        reply = _send_trigger(context, token)
        if reply.status != 401 and (reply.own or reply.status < 300):  # the batch reports another program at the URL
            accepted = reply.own and (reply.status == 200 or reply.status >= 500)
            found = f"{reply.status}: the worker accepts the request" if accepted else reply.shown
            subject = f"{SUBJECT} with {name}"
            yield Finding(subject=subject, expected="401", found=found, cause=Cause.WORKER, hint=Hint.deploy())
            return


def _send_trigger(context: Context, token: Secret | None) -> WorkerReply:
    """Send the request. A lack of an answer is left in the batch, so that the check ``logs`` knows it."""
    try:
        return context.worker.send_trigger(token)
    except Stop as stop:
        context.batch.requested, context.batch.obstacle = True, stop.finding
        raise


def _run_batch(context: Context, before: Progress) -> Iterator[Evidence | Finding]:
    """Run one batch, read the progress again, and compare: the status alone proves nothing."""
    context.batch.requested = True
    began = context.deadline.clock()
    reply = _send_trigger(context, context.credentials.operator)
    context.batch.requested = reply.status != 401
    context.batch.day = read_failed_day(reply.body)
    after = _read_progress(context, SUBJECT, reply)
    skipped = _read_skipped(reply)
    explained = skipped.count >= after.days_total - after.days_complete > 0
    context.batch.progress = after
    lasted = context.deadline.clock() - began
    status = context.worker.fetch_status(context.credentials.operator)
    kept = _read_progress(context, STATUS, status)
    problem = (
        _find_contradiction(reply, after)
        or _find_standstill(before, after, explained=explained)
        or find_other_range(context, after)
        or (None if explained else _find_early_end(before, after, lasted))
        or _find_lost_days(after, kept)
    )
    if problem is not None:
        raise Failed(_describe(SUBJECT, *problem))
    _require_right_totals(context, status, kept)
    days = f"days complete: {before.days_complete} -> {after.days_complete} of {after.days_total}"
    yield Evidence(f"{days}, {after.samples_written:,} samples written")
    yield from skipped.describe()
    if after.days_complete == before.days_complete < after.days_total and not explained:
        if not context.manifest.schedules:
            raise Failed(_describe_missing_cron())
        yield Evidence("a day is larger than one batch, so the cron continues it")


def _require_right_totals(context: Context, status: WorkerReply, progress: Progress) -> None:
    """Raise Failed where the totals of a site contradict the declaration, the calendar or the list of stored days."""
    try:
        totals = read_site_totals(status.body)
    except ShapeError as error:
        raise Failed(_describe(STATUS, "the totals of each site", str(error))) from None
    problem = None if totals is None else find_wrong_total(context, totals, progress)
    if problem is not None:
        raise Failed(_describe(STATUS, *problem))


def _describe_missing_cron() -> Finding:
    return Finding(
        subject="schedule",
        expected="a cron, because a day is larger than one batch",
        found="none is declared",
        cause=Cause.CONFIGURATION,
        hint=Hint.set_setting("schedule", "*/5 * * * *"),
    )


def _read_progress(context: Context, subject: str, reply: WorkerReply) -> Progress:
    if reply.own and reply.status != 200:
        raise Failed(describe_reported_error(context, subject, reply))
    if not reply.own:
        raise Failed(_describe(subject, "200 with the worker's own JSON", reply.shown))
    try:
        return Progress.read(reply.body)
    except ShapeError as error:
        raise Failed(_describe(subject, "a progress with integer counters", str(error))) from None


def _read_skipped(reply: WorkerReply) -> SkippedDays:
    try:
        return SkippedDays.read(reply.body)
    except ShapeError as error:
        raise Failed(_describe(SUBJECT, "the days that were left out", str(error))) from None


def _find_contradiction(reply: WorkerReply, after: Progress) -> tuple[str, str] | None:
    """Return the expected and the found value where status, continuation and counters disagree."""
    status, continuation = reply.body.get("status"), reply.body.get("continuation")
    if status not in ("in_progress", "complete"):
        return "status in_progress or complete", f"200 with status {status!r}"
    done = after.days_complete == after.days_total
    if (status == "complete") != done:
        return (
            f"status {'complete' if done else 'in_progress'}",
            f"{status}, {after.days_complete} of {after.days_total}",
        )
    if continuation is not (not done):
        return f"continuation {str(not done).lower()}", f"{continuation!r}"
    return None


def _find_standstill(before: Progress, after: Progress, *, explained: bool) -> tuple[str, str] | None:
    if after.days_complete < before.days_complete:
        return f"at least {before.days_complete} days complete, as before", f"{after.days_complete}"
    moved = after.days_complete > before.days_complete or after.days_complete == after.days_total
    if not moved and not after.samples_fetched and not explained:
        return "a batch that copies further days", f"still {after.days_complete} days complete, and no sample fetched"
    return None


def _find_early_end(before: Progress, after: Progress, lasted: float) -> tuple[str, str] | None:
    """Return the expected and found values of a batch that stored no day, reported no error and had time left."""
    if after.days_complete > before.days_complete or after.days_complete == after.days_total or lasted >= MIN_SECONDS:
        return None
    expected = "a batch that stores a day, or uses its 20 s"
    return (
        expected,
        f"it ended after {lasted:.1f} s without an error: {after.samples_fetched:,} samples fetched, no day stored",
    )


def _find_lost_days(after: Progress, kept: Progress) -> tuple[str, str] | None:
    """Return the expected and found number of days where ``GET /status`` knows fewer days than the batch completed.

    The samples written prove nothing: they are 0 when another run (the cron) wrote the day first.
    """
    if kept.days_complete < after.days_complete:
        return f"{after.days_complete} days complete, in GET /status too", f"{kept.days_complete}"
    return None


def _describe(subject: str, expected: str, found: str) -> Finding:
    return Finding(subject=subject, expected=expected, found=found, cause=Cause.WORKER, hint=Hint.show_logs())


CHECK = Check(
    run=trigger,
    proves="one batch copies further days, or the backfill is complete, and the progress never decreases",
    runbook="step 5",
    step=5,
    causes=(
        KnownCause(
            what="ACE refuses the key (upstream_auth)", fix="pulumi config set --secret aceApiKey, then pulumi up"
        ),
        KnownCause(
            what="ACE refuses the site or the page size (upstream_rejected)", fix="correct them, then pulumi up"
        ),
        KnownCause(
            what="the worker's request is wrong, because ACE serves the same request of this check",
            fix="correct the worker",
        ),
        KnownCause(
            what="the worker reads a day and does not store it, and its answer says in_progress",
            fix="correct the worker",
        ),
        KnownCause(what="ACE is down or changed its answers (upstream_unavailable, upstream_contract)", fix="ask ACE"),
        KnownCause(
            what="the worker does not reach ACE, and this check does",
            fix="compare ACE_BASE_URL with aceBaseUrl (python -m checks run bindings), then npx wrangler tail WORKER",
        ),
        KnownCause(what="the bucket is gone or full (storage)", fix="pulumi up --stack NAME"),
        KnownCause(
            what="the worker accepts every POST /trigger, so its code is not this program's",
            fix="pulumi up --stack NAME",
        ),
    ),
    needs=("key", "health"),
    after=("fresh", "history"),  # which look before this check moves the backfill
    wants=(Credential.OPERATOR,),
    tags=frozenset({"edge"}),
)
