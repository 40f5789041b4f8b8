"""The worker's own run log: its cron runs, its runs end, none fails for good, and no stored day is gone since."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from checks.check import Check, Context, KnownCause
from checks.clients.cloudflare.errors import CloudflareInconclusive
from checks.clients.worker.run_history import MAX_DURATION, PERIODS, History
from checks.clients.worker.run_log import Run, read_run_log
from checks.diagnosis import live_version
from checks.diagnosis.backfill.plan import has_planned_days
from checks.diagnosis.backfill.standstill import count_days
from checks.diagnosis.clock_skew import correct_now, find_skew
from checks.diagnosis.error_codes import diagnose_error_code
from checks.diagnosis.stored_objects.shared_list import list_stored_days
from checks.model.background import run_in_background
from checks.model.credentials import Credential
from checks.model.finding import Cause, Evidence, Failed, Finding, ShapeError, count
from checks.model.hint import Hint
from checks.model.metric import Metric
from checks.stored_days.lost_days import find_lost_days
from contract.control_objects import RUN_LOG_KEY
from contract.cron.dialect import find_broken_field
from contract.schedule import format_time, parse_time

if TYPE_CHECKING:
    from cloudflare_client.versions import WorkerVersion

SPREAD = timedelta(minutes=2)  # after an upload, an older version may still run

Items = Iterator[Evidence | Finding]
Versions = Mapping[str, "WorkerVersion"]


def history(context: Context) -> Items:
    """Read the run log, the stored days and the versions, and judge the runs since the stack's last upload."""
    tag = context.manifest.worker.tag
    past = run_in_background(lambda: read_run_log(context.cloudflare, context.manifest.storage))
    listed = run_in_background(lambda: list_stored_days(context), 2)
    versions = _read_versions(context, frozenset())
    try:
        runs = past()
    except ShapeError as error:
        raise Failed(_describe_unreadable(str(error))) from None
    begun = context.listed_days.begun  # lists before the log was read: a run may have ended since
    listed()
    upload = live_version.find_last_upload(versions.values(), tag)
    skew = find_skew(context)
    if skew is not None:
        yield skew
    crons = [cron for cron in context.manifest.schedules if find_broken_field(cron) is None]
    since = None if upload is None else _parse_time(upload.created_on)
    found = History(runs=runs, upload=since, crons=crons, now=correct_now(context))
    own = {version.id for version in versions.values() if live_version.is_current_upload(version, tag)}
    complete = found.find_complete(own)
    if complete is not None:
        yield from _find_lost_days(context, complete.started, begun)
    yield from _judge_cron(found)
    yield from _judge_versions(context, found, versions)
    yield from _judge_ends(context, found)


def _find_lost_days(context: Context, began: datetime, begun: int) -> list[Finding]:
    """Return the findings for lost days. Only a list that began after the log was read proves that a day is gone."""
    lost = list(find_lost_days(context.manifest, list_stored_days(context), began))
    return lost and list(find_lost_days(context.manifest, list_stored_days(context, begun), began))


def _read_versions(context: Context, wanted: frozenset[str]) -> Versions:
    """Return the worker's versions by id: at least the stack's last upload and the wanted ones, where they exist."""
    worker = context.manifest.worker

    def is_enough(found: Versions) -> bool:
        uploaded = any(live_version.is_current_upload(version, worker.tag) for version in found.values())
        return uploaded and wanted <= found.keys()

    try:
        return {version.id: version for version in context.cloudflare.list_versions(worker.name, is_enough)}
    except CloudflareInconclusive as error:
        live_version.raise_if_missing(context, error)
        raise


def _judge_cron(found: History) -> Items:
    """Yield when the cron ran last, and a finding if it does not run."""
    began, window = found.last_cron, found.find_window()
    age = {Metric.LAST_RUN_AGE: (found.now - found.runs[0].started).total_seconds()} if found.runs else {}
    if found.upload is not None and (began is None or began < found.upload):
        last = f"no run of the cron since the upload at {format_time(found.upload)}"
    else:
        last = "no run of the cron" if began is None else f"the last run of the cron began at {format_time(began)}"
    if not found.crons:
        yield Evidence("no cron is declared, so none is due", metrics=age)
    elif not found.is_silent():
        due = f", the next one is due by {format_time(window[-1])}" if window else ""
        yield Evidence(f"{last}{due}", metrics=age)
    else:
        if age:
            yield Evidence(f"the newest run began at {format_time(found.runs[0].started)}", metrics=age)
        expected = f"a run within {PERIODS} periods of the cron, by {format_time(window[-1])}"
        yield _describe("runs of the cron", expected, last, Cause.WORKER, Hint.show_logs())


def _judge_versions(context: Context, found: History, versions: Versions) -> Items:
    """Yield a finding for runs by a version that this stack did not upload."""
    tag, since = context.manifest.worker.tag, found.upload
    runs = [run for run in found.recent if run.version and since is not None and run.started > since + SPREAD]
    if not {run.version for run in runs} <= versions.keys():
        versions = _read_versions(context, frozenset(run.version for run in runs))
    for name in dict.fromkeys(run.version for run in runs):
        version = versions.get(name)
        if version is not None and live_version.is_stack_upload(version, tag):
            continue
        made = version.made if version else f"which is not a version of {context.manifest.worker.name}"
        last = next(run for run in runs if run.version == name)
        text = (
            f"{sum(run.version == name for run in runs)} by {name[:8]}, {made}, the last at {format_time(last.started)}"
        )
        yield _describe(
            "runs since the last upload", "versions of this stack", text, Cause.OUTSIDE_CHANGE, Hint.deploy()
        )


def _judge_ends(context: Context, found: History) -> Items:
    """Yield a finding for runs that were killed, that failed for good, or of days that failed."""
    problems = list(_find_problems(context, found))
    yield from problems
    if found.recent and not any(isinstance(item, Finding) for item in problems):
        since = f"since the upload at {format_time(found.upload)}" if found.upload else "in the run log"
        yield Evidence(f"{count(len(found.recent), 'run')} {since}, and none failed without a later success")


def _find_problems(context: Context, found: History) -> Items:
    if killed := found.find_killed():
        began = f"{format_time(killed[0].started)} ({killed[0].trigger})"
        text = f"{len(killed)} without an end, the last one began at {began}"
        limit = f"an end within {MAX_DURATION[killed[0].trigger].seconds // 60} minutes"
        text = f"{text}. Cloudflare ends a run that needs too much CPU time or memory"
        yield _describe("ends of the runs", limit, text, Cause.WORKER, Hint.show_logs())
    if (idle := found.find_idle_planners()) and not has_planned_days(context, found.now):
        missing = count_days(idle[0].planned or 0)
        text = f"the last {len(idle)} sent none, although {missing} missing and none is in the queue"
        yield _describe(
            "days that the cron plans", "missing days are sent to the queue", text, Cause.WORKER, Hint.show_logs()
        )
    if failures := found.find_failures():
        yield _describe_failures(context, failures, awaits_cron=found.awaits_cron(failures))
    yield from found.describe_failed_days()


def _describe_failures(context: Context, failures: list[Run], *, awaits_cron: bool) -> Evidence | Finding:
    """Return the finding for failures without a later success, or a warning while the next cron is still to come."""
    last, error = failures[0], failures[0].error
    shown = f"at {format_time(last.ended)} ({last.trigger}): {error.shown if error else ''}"
    if awaits_cron:
        return Evidence(f"the last run failed {shown}. The next cron tries again", warning=True)
    diagnosis = diagnose_error_code(context, error.code if error else "", None)
    many = f"{len(failures)} failed, the last one {shown}" if len(failures) > 1 else f"it failed {shown}"
    found = diagnosis.explain(many)
    return _describe("the last run", "success after a failure", found, diagnosis.cause, diagnosis.hint)


def _describe_unreadable(problem: str) -> Finding:
    expected = "the worker's run log"
    return _describe(
        RUN_LOG_KEY, expected, f"{problem}. Another program wrote it", Cause.OUTSIDE_CHANGE, Hint.rerun("trigger")
    )


def _describe(subject: str, expected: str, found: str, cause: Cause, hint: Hint) -> Finding:
    return Finding(subject=subject, expected=expected, found=found, cause=cause, hint=hint)


def _parse_time(text: str) -> datetime | None:
    try:
        return parse_time(text)
    except ValueError:
        return None


CHECK = Check(
    run=history,
    proves="the cron runs, every run since the last upload ended, and no failed run and no lost day is left",
    runbook="alarm by a user who misses the data",
    step=4,
    causes=(
        KnownCause(
            what="the worker's code for the cron is missing, throws or returns at once",
            fix="correct the worker, then pulumi up",
        ),
        KnownCause(what="the crons were removed outside Pulumi", fix="pulumi up --stack NAME"),
        KnownCause(
            what="Cloudflare ended runs that need too much CPU time or memory",
            fix="use Workers Paid. For runs by HTTP, which read ACE, also pulumi config set pageSize 1000",
        ),
        KnownCause(
            what="the cron sends no missing day to the queue, although none is in it",
            fix="npx wrangler tail WORKER shows a run. Correct the worker, then pulumi up",
        ),
        KnownCause(
            what="ACE, the bucket or the queue failed in the last run",
            fix="see the error code: docs/reference/backfill-worker.md",
        ),
        KnownCause(
            what="stored days were removed. The check bucket names a lifecycle rule that does so",
            fix="python -m checks run trigger --stack NAME copies them again while ACE has them",
        ),
        KnownCause(what="another program writes to the worker's bucket", fix="stop that program"),
    ),
    wants=(Credential.CLOUDFLARE,),
    tags=frozenset({"read-only", "api"}),
)
