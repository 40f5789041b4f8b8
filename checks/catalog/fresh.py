"""Every due day is stored, or the backfill moves. The check asks the worker nothing, and changes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from checks.check import Check, Context, KnownCause
from checks.diagnosis import live_version
from checks.diagnosis.backfill.failed_days import list_failed_days
from checks.diagnosis.backfill.held_sites import find_held_sites
from checks.diagnosis.backfill.passed_over import MIN_MOVED, list_passed_over
from checks.diagnosis.backfill.pause import describe_pause, find_paused_run, read_pause
from checks.diagnosis.backfill.standstill import (
    count_days,
    describe_sites,
    describe_standstill,
    list_moving,
)
from checks.diagnosis.clock_skew import correct_now
from checks.diagnosis.stored_objects.shared_list import list_stored_days
from checks.model.background import run_in_background
from checks.model.credentials import Credential
from checks.model.finding import Cause, Evidence, Finding
from checks.model.hint import Hint
from checks.model.metric import Metric
from checks.stored_days.backlog import Backlog, SiteBacklog, find_window_end, format_days, measure
from contract.schedule import SiteDay, day_window, due_time, format_time, parse_time

if TYPE_CHECKING:
    from checks.stored_days.listing.days import StoredDays
    from contract.control_objects import Pause

MAX_PAUSE = timedelta(days=7)

Items = Iterator[Evidence | Finding]


def fresh(context: Context) -> Items:
    """List the stored days before any check moves the backfill, and compare them with the days that are due."""
    manifest = context.manifest
    paused = run_in_background(lambda: read_pause(context))
    failed = run_in_background(lambda: list_failed_days(context, {site.name for site in manifest.sites}), 2)
    stored = list_stored_days(context)
    pause, failures = paused(), failed().failures
    now = correct_now(context)  # upload times are of Cloudflare's clock
    uploads = {place: item.uploaded for place, item in stored.items()} if failures else {}
    held = find_held_sites([site.name for site in manifest.sites], failures, uploads, now)
    backlog = measure(manifest, stored, [SiteDay(each.site, each.day) for each in failures], now, held)
    sites = {site.name: _count_site(site, now) for site in backlog.sites}
    yield Evidence(_describe_stored(backlog), metrics=_count(backlog, now), site_metrics=sites)
    if backlog.failed:
        yield Evidence(f"{count_days(backlog.failed)} left to the check failures")
    if pause is not None:
        yield _judge_pause(pause, now)
    elif backlog.missing > backlog.failed:
        yield from _judge_missing_days(context, backlog, stored, now)
    yield from _warn_of_rechecks(backlog, context.manifest.ace.recheck_days)


def _describe_stored(backlog: Backlog) -> str:
    if not backlog.due:
        return "no day is due yet"
    last = f", the last object at {format_time(backlog.newest)}" if backlog.newest else ""
    many = f" of {len(backlog.sites)} sites" if len(backlog.sites) > 1 else ""
    return f"{backlog.due - backlog.missing:,} of {backlog.due:,} due days{many} are stored{last}"


def _count(backlog: Backlog, now: datetime) -> dict[Metric, float]:
    """Return the numbers of all sites. The age is that of the site with the oldest newest day."""
    ages = [age for site in backlog.sites if (age := _count_site(site, now).get(Metric.NEWEST_DAY_AGE)) is not None]
    return {Metric.MISSING_DAYS: backlog.missing, **({Metric.NEWEST_DAY_AGE: max(ages)} if ages else {})}


def _count_site(site: SiteBacklog, now: datetime) -> dict[Metric, float]:
    """Return the numbers of a site. Without a stored day, the newest one has no age."""
    missing = {Metric.MISSING_DAYS: float(len(site.missing))}
    if site.newest is None:
        return missing
    return missing | {Metric.NEWEST_DAY_AGE: (now - day_window(site.newest)[1]).total_seconds()}


def _judge_pause(pause: Pause, now: datetime) -> Evidence | Finding:
    """Return a warning about a pause, and a finding about one that is too long. Nothing must move meanwhile."""
    if now - pause.at <= MAX_PAUSE:
        return Evidence(f"the backfill is paused {describe_pause(pause)}", warning=True)
    return Finding(
        subject="pause of the backfill",
        expected=f"at most {MAX_PAUSE.days} days",
        found=f"paused {describe_pause(pause)}",
        cause=Cause.CONFIGURATION,
        hint=Hint.resume(),
    )


def _judge_missing_days(context: Context, backlog: Backlog, stored: StoredDays, now: datetime) -> Items:
    """Yield findings if missing days are overdue and nothing was stored, deployed or resumed within the crons' window.

    While other sites move, a site is not ok if its newest due day is late, because that day is copied first. After an
    upload or a pause each site has its turn.
    """
    crons = context.manifest.schedules
    overdue = [site for site in backlog.sites if site.overdue]
    if not overdue:
        yield Evidence(_describe_due_lately(context, backlog))
        return
    deployed, paused = _read_deployment_time(context), None
    moved = max((moment for moment in (backlog.newest, deployed) if moment), default=None)
    if moved and now < (end := find_window_end(crons, moved)):
        yield Evidence(_describe_movement(backlog, now, end))
    elif (paused := find_paused_run(context)) and now < (end := find_window_end(crons, paused)):
        left = count_days(backlog.missing - backlog.failed)
        yield Evidence(f"{left} missing. The backfill was paused, and its cron has until {format_time(end)}")
    else:
        yield from describe_standstill(context, overdue)
        return
    late = list_passed_over(context.manifest, overdue, stored, now) if len(backlog.sites) > 1 else []
    paused = paused or (find_paused_run(context) if late else None)
    begins = [moment for moment in (deployed, paused) if moment]
    if late and all(now >= max(find_window_end(crons, begin), begin + MIN_MOVED) for begin in begins):
        yield from describe_sites(late, Cause.WORKER, Hint.show_logs(), ", and its newest due day comes first")
    yield from list_moving(overdue)


def _describe_due_lately(context: Context, backlog: Backlog) -> str:
    settle = context.manifest.ace.settle_hours
    waiting = [[day for day in site.missing if day not in site.failed] for site in backlog.sites]
    first = min(days[0] for days in waiting if days)
    sites = sum(map(bool, waiting))
    shown = f"1 day of {sites} sites" if sites > 1 else format_days(day for days in waiting for day in days)
    end = find_window_end(context.manifest.schedules, due_time(first, settle))
    return f"due lately: {shown}. The cron has until {format_time(end)}"


def _read_deployment_time(context: Context) -> datetime | None:
    """Return the time of the live deployment. Raises Failed where the worker does not exist."""
    text = live_version.read_deployment(context).created_on
    try:
        return parse_time(text)
    except ValueError:
        return None


def _describe_movement(backlog: Backlog, now: datetime, end: datetime) -> str:
    done, left = backlog.estimate_end(now), backlog.missing - backlog.failed
    if done is None:
        return f"{count_days(left)} missing. The worker is new, and its cron has until {format_time(end)}"
    rate = backlog.days_per_hour
    shown = f"{rate:,.0f}" if rate >= 10 else f"{rate:.1f}"
    return f"the backfill moves: {shown} days per hour, complete at about {done:%Y-%m-%d %H:%M} UTC"


def _warn_of_rechecks(backlog: Backlog, recheck_days: int) -> Items:
    """Yield a warning if stored days were not read again: they may lack rows that ACE received late."""
    days = sum(len(site.unchecked) for site in backlog.sites)
    if days:
        sites = [site for site in backlog.sites if site.unchecked]
        shown = format_days(sites[0].unchecked) if len(sites) == 1 else f"{len(sites)} sites"
        yield Evidence(
            f"{count_days(days)} stored and not read again after {recheck_days} days ({shown}), "
            "so rows that ACE received late may be missing",
            warning=True,
        )


CHECK = Check(
    run=fresh,
    proves="every due day of every site is stored, or the backfill moves, before a check moves it",
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
        KnownCause(
            what="the backfill has been paused for more than 7 days", fix="python -m backfill resume --stack NAME"
        ),
        KnownCause(
            what="warning: a day was not read again after recheckDays, because the queue is full or the cron is late",
            fix="python -m backfill status --stack NAME. The planner repeats it",
        ),
    ),
    wants=(Credential.CLOUDFLARE,),
    tags=frozenset({"read-only", "api", "data"}),
)
