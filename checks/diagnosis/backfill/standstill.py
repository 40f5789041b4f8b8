"""Describes missing days, by site: those that nothing stores, and those that the backfill reaches later."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from checks.diagnosis.live_worker.crons import read_live_crons
from checks.model.finding import Cause, Evidence, Finding, count
from checks.model.hint import Hint
from checks.stored_days.backlog import format_days
from contract.cron.times import list_fires
from contract.schedule import format_time

if TYPE_CHECKING:
    from checks.check import Context
    from checks.stored_days.backlog import SiteBacklog

MAX_SITES = 10  # that have a line or a finding of their own
A_CRON = "*/5 * * * *"  # for a stack without one


def list_moving(sites: Sequence[SiteBacklog]) -> Iterator[Evidence]:
    """Yield a line for each site that has missing days while the backfill moves, the site with the most first."""
    if len(sites) == 1:
        return
    ordered = sorted(sites, key=lambda site: (-len(site.overdue), site.name))
    for site in ordered[:MAX_SITES]:
        yield Evidence(f"{site.name}: {count_days(len(site.overdue))} missing ({format_days(site.overdue)})")
    if len(ordered) > MAX_SITES:
        yield Evidence(f"days of {count(len(ordered) - MAX_SITES, 'more site')} are missing")


def describe_standstill(context: Context, overdue: Sequence[SiteBacklog]) -> Iterator[Finding]:
    """Yield the findings for missing days that nothing stores. Their cause is the cron where none can fire."""
    crons = context.manifest.schedules
    cause, hint, reason = Cause.WORKER, Hint.show_logs(), ""
    if not list_fires(crons, context.now, 1):
        cause, hint = Cause.CONFIGURATION, Hint.set_setting("schedule", A_CRON)
        reason = ", and the declared cron never fires" if crons else ", and no cron is declared"
    else:
        live = read_live_crons(context)
        if not live.crons.intersection(crons):
            cause = Cause.CONFIGURATION if live.unfinished else Cause.OUTSIDE_CHANGE
            hint, reason = Hint.deploy(), f", and the declared cron is not live{live.reason}"
    yield from describe_sites(overdue, cause, hint, reason)


def describe_sites(sites: Sequence[SiteBacklog], cause: Cause, hint: Hint, reason: str) -> Iterator[Finding]:
    """Yield a finding for each site, the one with the most missing days first, and one for those that are left."""
    ordered = sorted(sites, key=lambda site: (-len(site.overdue), site.name))
    for site in ordered[:MAX_SITES]:
        since = f"stored since {format_time(site.uploaded)}" if site.uploaded else "ever stored"
        yield Finding(
            subject=f"due days of {site.name}",
            expected=f"all {site.due:,} are stored, or the backfill moves",
            found=f"{count_days(len(site.overdue))} missing ({format_days(site.overdue)}), nothing was {since}{reason}",
            cause=cause,
            hint=hint,
        )
    left = ordered[MAX_SITES:]
    if left:
        yield Finding(
            subject=f"due days of {count(len(left), 'more site')}",
            expected=f"all {sum(site.due for site in left):,} are stored, or the backfill moves",
            found=f"{count_days(sum(len(site.overdue) for site in left))} missing{reason}",
            cause=cause,
            hint=hint,
        )


def count_days(number: int) -> str:
    """Return a number with its verb."""
    return f"{number:,} {'is' if number == 1 else 'are'}"
