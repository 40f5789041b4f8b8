"""No day has failed for good, and the dead-letter queue is empty. The check asks the worker nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

from checks.check import Check, Context, KnownCause
from checks.diagnosis.backfill.failed_days import (
    FailedDays,
    describe_cured_days,
    describe_failed_days,
    list_failed_days,
)
from checks.diagnosis.clock_skew import correct_now
from checks.diagnosis.stored_objects.shared_list import list_stored_days
from checks.model.background import run_in_background
from checks.model.credentials import Credential
from checks.model.finding import Cause, Evidence, Finding, count
from checks.model.hint import Hint
from checks.model.metric import Metric
from checks.stored_days.backlog import find_window_end
from contract.schedule import SiteDay, format_time

if TYPE_CHECKING:
    from cloudflare_client.queues import Backlog
    from contract.control_objects import Failure
    from contract.manifest import DeclaredQueue

MAX_WAIT = timedelta(minutes=15)  # of a message in the dead-letter queue. Its consumer takes seconds
MAX_UNREADABLE = 3  # objects that are described one by one

Items = Iterator[Evidence | Finding]


def failures(context: Context) -> Items:
    """List the failures and read the backlog of the dead-letter queue."""
    queue = context.manifest.queue
    listed = run_in_background(lambda: list_failed_days(context, {site.name for site in context.manifest.sites}))
    dead = [] if queue is None else list(_judge_dead_letters(context, queue))
    found = listed()
    failed, cured = _list_missing(context, found.failures), _find_cured(context, found.failures)
    yield from describe_failed_days(failed)
    yield from describe_cured_days(cured)
    yield from _describe_unreadable(found)
    yield Evidence(_count(failed, found.others), metrics={Metric.FAILED_DAYS: len(failed)})
    yield from _warn_of_stored_days(len(found.failures) - len(failed) - len(cured))
    yield from dead


def _list_missing(context: Context, failures: Sequence[Failure]) -> list[Failure]:
    """Return the failures of days that are not stored."""
    stored = list_stored_days(context) if failures else {}
    return [failure for failure in failures if SiteDay(failure.site, failure.day) not in stored]


def _warn_of_stored_days(days: int) -> Iterator[Evidence]:
    """Yield a warning about records of stored days. The planner deletes one, unless the day must be read again."""
    if days:
        said = f"{count(days, 'stored day')} {'has' if days == 1 else 'have'}"
        yield Evidence(f"{said} a record of a failure. The planner deletes it, or reads the day again", warning=True)


def _count(failed: Sequence[Failure], others: int) -> str:
    sites = len({failure.site for failure in failed})
    days = count(len(failed), "failed day")
    said = f"{days} of {sites} site{'' if sites == 1 else 's'}" if failed else "no day has failed"
    return f"{said}, and {others:,} of sites that are not declared" if others else said


def _find_cured(context: Context, failures: Sequence[Failure]) -> list[Failure]:
    """Return the failures of days that were stored since, and that should be deleted by now.

    The success deletes the record, and where its worker was killed the next cron does.
    """
    stored = list_stored_days(context) if failures else {}
    since = {place: item.uploaded for place, item in stored.items()}
    ages = [(failure, since.get(SiteDay(failure.site, failure.day), failure.last_at)) for failure in failures]
    now, crons = correct_now(context), context.manifest.schedules
    return [failure for failure, at in ages if at > failure.last_at and now > find_window_end(crons, at)]


def _describe_unreadable(found: FailedDays) -> Iterator[Finding]:
    for key, problem in found.unreadable[:MAX_UNREADABLE]:
        yield Finding(
            subject=key,
            expected="the record of a failed day",
            found=f"{problem}. Another program wrote it, or an older worker",
            cause=Cause.STORAGE,
            hint=Hint.explain("failures"),
        )


def _judge_dead_letters(context: Context, declared: DeclaredQueue) -> Items:
    """Yield whether the dead-letter queue exists and is empty. Its consumer writes a failure for each message."""
    name = declared.dead_letter_name
    queue = context.cloudflare.find_queue(name)
    if queue is None:
        yield Finding(
            subject=f"queue {name}",
            expected="an existing queue",
            found="the queue does not exist, so a day whose copy is killed five times leaves no record",
            cause=Cause.OUTSIDE_CHANGE,
            hint=Hint.deploy(),
        )
        return
    backlog = context.cloudflare.read_backlog(queue.id)
    if not backlog.messages:
        yield Evidence("the dead-letter queue is empty")
    elif backlog.oldest is not None and correct_now(context) - backlog.oldest <= MAX_WAIT:
        yield Evidence(f"{count(backlog.messages, 'message')} just reached the dead-letter queue", warning=True)
    else:
        yield _describe_backlog(name, backlog, has_consumer=bool(queue.consumers))


def _describe_backlog(name: str, backlog: Backlog, *, has_consumer: bool) -> Finding:
    since = f", the oldest since {format_time(backlog.oldest)}" if backlog.oldest else ""
    since += "" if has_consumer else ". The queue has no consumer"
    return Finding(
        subject=f"queue {name}",
        expected="no message, because the worker records each as a failed day",
        found=f"{count(backlog.messages, 'message')}{since}",
        cause=Cause.WORKER if has_consumer else Cause.OUTSIDE_CHANGE,
        hint=Hint.deploy(),
    )


def _find_obstacle(context: Context) -> str | None:
    if context.manifest.queue is None:
        return "the deployment has no queue, because an older version of the program made it"
    return None


CHECK = Check(
    run=failures,
    proves="no day has failed for good, and the dead-letter queue is empty",
    runbook="alarm by a user who misses the data",
    step=4,
    causes=(
        KnownCause(
            what="ACE's answer for a day cannot be read (upstream_contract), or ACE was down (upstream_unavailable)",
            fix="ask ACE, then python -m backfill retry --site SITE --day DAY --stack NAME",
        ),
        KnownCause(
            what="ACE refuses the key (upstream_auth)",
            fix="pulumi config set --secret aceApiKey --stack NAME, then pulumi up --stack NAME",
        ),
        KnownCause(
            what="ACE does not know the site, or refuses the page size (upstream_rejected)",
            fix="correct Pulumi.NAME.yaml, then pulumi up --stack NAME",
        ),
        KnownCause(
            what="the worker had no usable key or another unusable binding for 40 minutes (not_configured)",
            fix="pulumi up --stack NAME. The next cron copies the days",
        ),
        KnownCause(what="a day is too large for an object of 32 MiB (storage)", fix="see docs/scale.md"),
        KnownCause(
            what="ACE needs more than 12 minutes for a day (over_budget)",
            fix="see docs/scale.md",
        ),
        KnownCause(
            what="Cloudflare ended each copy of a day (killed), because it needs too much CPU time or memory",
            fix="pulumi config set parallelism 1, then pulumi up, then python -m backfill retry --stack NAME",
        ),
        KnownCause(
            what="a day was stored since it failed, and the worker's code does not delete the record",
            fix="correct the worker, then pulumi up --stack NAME",
        ),
        KnownCause(
            what="the worker does not consume the dead-letter queue, or the queue was removed outside Pulumi",
            fix="pulumi up --stack NAME",
        ),
    ),
    wants=(Credential.CLOUDFLARE,),
    tags=frozenset({"read-only", "api", "data"}),
    does_not_apply=_find_obstacle,
)
