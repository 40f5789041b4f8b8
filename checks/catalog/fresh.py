"""Every due day is stored, or the backfill moves. The check asks the worker nothing, and changes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from checks.check import Check, Context, KnownCause
from checks.diagnosis import live_version
from checks.diagnosis.clock_skew import correct_now
from checks.diagnosis.live_worker.crons import read_live_crons
from checks.diagnosis.pause import describe_pause, read_pause
from checks.model.background import run_in_background
from checks.model.credentials import Credential
from checks.model.finding import Cause, Evidence, Finding
from checks.model.hint import Hint
from checks.model.metric import Metric
from checks.stored_days.backlog import Backlog, SiteBacklog, find_window_end, format_days, measure
from checks.stored_days.listing import list_days
from contract.control_objects import Pause
from contract.cron.times import list_fires
from contract.schedule import day_window, due_time, format_time, parse_time

if TYPE_CHECKING:
    from checks.stored_days.listing import StoredDays

MAX_PAUSE = timedelta(days=7)
MAX_SITES = 10  # with missing days that are reported one by one
A_CRON = "*/5 * * * *"  # for a stack without one


def fresh(context: Context) -> Iterator[Evidence | Finding]:
    """List the stored days before any check moves the backfill, and compare them with the days that are due."""
    manifest = context.manifest
    paused = run_in_background(lambda: read_pause(context))
    stored = list_days(context.cloudflare, manifest)
    pause = paused()
    now = correct_now(context)  # upload times are of Cloudflare's clock
    backlog = measure(manifest, stored, now)
    yield Evidence(_describe_stored(backlog), metrics=_count(context, backlog, stored, now))
    if pause is not None:
        yield _judge_pause(pause, now)
    elif backlog.missing:
        yield from _judge_missing_days(context, backlog, now)


def _describe_stored(backlog: Backlog) -> str:
    sites = f" of {len(backlog.sites)} sites" if len(backlog.sites) > 1 else ""
    if not backlog.due:
        return f"no day{sites} is due yet"
    last = f", the last object at {_format(backlog.newest)}" if backlog.newest else ""
    return f"{backlog.due - backlog.missing:,} of {backlog.due:,} due days{sites} are stored{last}"


def _count(context: Context, backlog: Backlog, stored: StoredDays, now: datetime) -> dict[Metric, float]:
    """Return the measured numbers. The age of the newest day is that of the latest site, if one has a stored day.

    A site whose range has ended counts only where all have, because its newest day only grows older.
    """
    newest: dict[str, date] = {}
    for site, day in stored:
        newest[site] = max(day, newest.get(site, day))
    ends = {site.name: site.end_date for site in context.manifest.sites}
    days = [day for site, day in newest.items() if ends[site] is None] or list(newest.values())
    age = {Metric.NEWEST_DAY_AGE: (now - day_window(min(days))[1]).total_seconds()} if days else {}
    return {Metric.MISSING_DAYS: backlog.missing, **age}


def _judge_pause(pause: Pause, now: datetime) -> Evidence | Finding:
    """Return a warning about a pause, and a finding about one that is too long. Nothing must move meanwhile."""
    if now - pause.at <= MAX_PAUSE:
        return Evidence(f"the backfill is paused {describe_pause(pause)}", warning=True)
    return Finding(
        subject="pause of the backfill",
        expected=f"at most {MAX_PAUSE.days} days",
        found=f"paused {describe_pause(pause)}",
        cause=Cause.CONFIGURATION,
        hint=Hint.explain("fresh"),
    )


def _judge_missing_days(context: Context, backlog: Backlog, now: datetime) -> Iterator[Evidence | Finding]:
    """Yield a finding per site with an overdue day, if nothing was stored or deployed within the crons' window."""
    crons = context.manifest.schedules
    overdue = [site for site in backlog.sites if site.overdue]
    if not overdue:
        days = {day for site in backlog.sites for day in site.missing}
        end = find_window_end(crons, due_time(min(days), context.manifest.ace.settle_hours))
        yield Evidence(f"due lately: {format_days(days)}. The cron has until {_format(end)}")
        return
    deployed = _read_deployment_time(context)
    moved = max((moment for moment in (backlog.newest, deployed) if moment), default=None)
    if moved is not None and now < (end := find_window_end(crons, moved)):
        yield Evidence(_describe_movement(backlog, now, end))
        return
    for site in overdue[:MAX_SITES]:
        yield _describe_standstill(context, backlog, site)
    if len(overdue) > MAX_SITES:
        yield Evidence(f"{len(overdue) - MAX_SITES} more sites have missing days")


def _read_deployment_time(context: Context) -> datetime | None:
    """Return the time of the live deployment. Raises Failed where the worker does not exist."""
    text = live_version.read_deployment(context).created_on
    try:
        return parse_time(text)
    except ValueError:
        return None


def _describe_movement(backlog: Backlog, now: datetime, end: datetime) -> str:
    done = backlog.estimate_end(now)
    if done is None:
        return f"{_count_days(backlog.missing)} missing. The worker is new, and its cron has until {_format(end)}"
    rate = backlog.days_per_hour
    shown = f"{rate:,.0f}" if rate >= 10 else f"{rate:.1f}"
    return f"the backfill moves: {shown} days per hour, complete at about {done:%Y-%m-%d %H:%M} UTC"


def _describe_standstill(context: Context, backlog: Backlog, site: SiteBacklog) -> Finding:
    """Return the finding for missing days that nothing stores. Its cause is the cron where none can fire."""
    days, crons = site.overdue, context.manifest.schedules
    cause, hint, reason = Cause.WORKER, Hint.show_logs(), ""
    if not list_fires(crons, context.now, 1):
        cause, hint = Cause.CONFIGURATION, Hint.set_setting("schedule", A_CRON)
        reason = ", and the declared cron never fires" if crons else ", and no cron is declared"
    else:
        live = read_live_crons(context)
        if not live.crons.intersection(crons):
            cause = Cause.CONFIGURATION if live.unfinished else Cause.OUTSIDE_CHANGE
            hint, reason = Hint.deploy(), f", and the declared cron is not live{live.reason}"
    since = f"nothing was stored since {_format(backlog.newest)}" if backlog.newest else "nothing was ever stored"
    return Finding(
        subject=f"due days of {site.site}",
        expected=f"all {len(site.due)} are stored, or the backfill moves",
        found=f"{_count_days(len(days))} missing ({format_days(days)}), {since}{reason}",
        cause=cause,
        hint=hint,
    )


def _count_days(number: int) -> str:
    return f"{number:,} {'is' if number == 1 else 'are'}"


def _format(moment: datetime | None) -> str:
    return format_time(moment) if moment else "an unknown time"


CHECK = Check(
    run=fresh,
    proves="every due day is stored, or the backfill moves, before a check moves it",
    runbook="alarm by a user who misses the data",
    step=4,
    causes=(
        KnownCause(
            what="the cron's runs fail, store nothing, or do not begin",
            fix="npx wrangler tail WORKER shows a run. Correct the worker or the key, then pulumi up --stack NAME",
        ),
        KnownCause(what="the cron was removed outside Pulumi", fix="pulumi up --stack NAME"),
        KnownCause(
            what="no cron is declared", fix="pulumi config set schedule '*/5 * * * *', then pulumi up --stack NAME"
        ),
        KnownCause(
            what="stored days were removed. The cron copies them again while ACE has them",
            fix="run the check again after the cron's next runs",
        ),
        KnownCause(what="the backfill has been paused for more than 7 days", fix="resume the backfill"),
    ),
    wants=(Credential.CLOUDFLARE,),
    tags=frozenset({"read-only", "api", "data"}),
)
