"""One batch moves the backfill forward, and the worker's own counters say so."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import TYPE_CHECKING

from checks.check import Check, Context, KnownCause
from checks.clients.worker.progress import Progress, day_at, last_days
from checks.diagnosis.error_codes import accuse
from checks.model.credentials import Credential
from checks.model.finding import Cause, Evidence, Finding, ShapeError

if TYPE_CHECKING:
    from checks.clients.worker.client import Reply

SUBJECT, STATUS = "POST /trigger", "GET /status"
LISTENING = 10.0  # seconds at most for the check `logs` to open its tail


def trigger(context: Context) -> Iterator[Evidence | Finding]:
    """Run one batch, once the check `logs` listens (if it is to), and judge it."""
    context.tandem.await_tail(min(LISTENING, context.deadline.left() / 4))
    try:
        yield from _judged(context)
    finally:
        context.tandem.over.set()


def _judged(context: Context) -> Iterator[Evidence | Finding]:
    """Read the progress, run one batch, and judge what it says: by its body, not by its status alone."""
    before = _progress(context, STATUS, context.worker.status(context.credentials.operator))
    if isinstance(before, Finding):
        yield before
        return
    context.tandem.posted = True
    reply = context.worker.trigger(context.credentials.operator)
    context.tandem.day = day_at(reply.body)
    after = _progress(context, SUBJECT, reply)
    if isinstance(after, Finding):
        yield after
        return
    context.tandem.batch = after
    kept = _progress(context, STATUS, context.worker.status(context.credentials.operator))
    if isinstance(kept, Finding):
        yield kept
        return
    problem = (
        _contradiction(reply, after)
        or _standstill(before, after)
        or _other_range(context, after)
        or _unwritten(after, kept)
    )
    if problem is not None:
        expected, actual = problem
        yield _finding(context, SUBJECT, expected, actual)
        return
    days = f"days complete: {before.days_complete} -> {after.days_complete} of {after.days_total}"
    yield Evidence(f"{days}, {after.samples_written:,} samples written")
    if after.days_complete == before.days_complete < after.days_total:
        if not context.manifest.schedules:
            yield _endless(context)
            return
        yield Evidence("a day is larger than one batch, and is left to the cron")


def _endless(context: Context) -> Finding:
    schedule = context.pulumi("config set schedule '*/5 * * * *'")
    return Finding(
        subject="schedule",
        expected="a cron: a day is larger than one batch, and is left to it",
        found="none is declared",
        cause=Cause.CONFIGURATION,
        hint=f"{schedule} && {context.pulumi('up')}",
    )


def _progress(context: Context, subject: str, reply: Reply) -> Progress | Finding:
    if reply.own and reply.status != 200:
        return accuse(context, subject, reply)
    if not reply.own:
        return _finding(context, subject, "200 with the worker's own JSON", reply.shown)
    try:
        return Progress.read(reply.body)
    except ShapeError as error:
        return _finding(context, subject, "a progress whose counters are integers", str(error))


def _contradiction(reply: Reply, after: Progress) -> tuple[str, str] | None:
    """Return what the answer's parts should say and do not: status, continuation and counters are one story."""
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


def _standstill(before: Progress, after: Progress) -> tuple[str, str] | None:
    if after.days_complete < before.days_complete:
        return f"at least {before.days_complete} days complete, as before", f"{after.days_complete}"
    moved = after.days_complete > before.days_complete or after.days_complete == after.days_total
    if not moved and not after.samples_fetched:
        return "a batch that moves forward", f"still {after.days_complete} days complete, and nothing fetched"
    return None


def _unwritten(after: Progress, kept: Progress) -> tuple[str, str] | None:
    """Return which days were said to be done and are not.

    The samples written are no proof: they are 0 when another run (the cron) wrote the day first, and that is right.
    """
    if kept.days_complete < after.days_complete:
        return f"{after.days_complete} days complete, in GET /status too", f"{kept.days_complete}"
    return None


def _other_range(context: Context, after: Progress) -> tuple[str, str] | None:
    """Return the declared number of days if the worker counts others; yesterday may change while it counts."""
    first = date.fromisoformat(context.manifest.ace.start_date)
    earliest, latest = last_days(context)
    least, most = (max(0, (last - first).days + 1) for last in (earliest, latest))
    if least <= after.days_total <= most:
        return None
    return f"days_total {least} ({first} to {earliest})", f"{after.days_total}"


def _finding(context: Context, subject: str, expected: str, actual: str) -> Finding:
    hint = context.tail()
    return Finding(subject=subject, expected=expected, found=actual, cause=Cause.WORKER, hint=hint)


CHECK = Check(
    run=trigger,
    proves="one batch moves the backfill forward, or it is complete; the progress never goes back",
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
            what="ACE serves this check what it refuses the worker: its code asks wrongly", fix="correct the worker"
        ),
        KnownCause(what="ACE is down or changed its answers (upstream_unavailable, upstream_contract)", fix="ask ACE"),
        KnownCause(what="the bucket is gone or full (storage)", fix="pulumi up --stack NAME"),
    ),
    needs=("key", "health"),
    wants=(Credential.OPERATOR,),
    tags=frozenset({"edge"}),
)
