"""Days that were stored and are gone: a run of the worker left none missing, and now some are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING

from checks.model.finding import Cause, Finding, count
from checks.model.hint import Hint
from checks.stored_days.backlog import format_days
from checks.stored_days.listing.days import group_by_site
from contract.schedule import SiteDay, format_time, list_due_days

if TYPE_CHECKING:
    from checks.stored_days.listing.days import StoredDays
    from cloudflare_client.answers import StoredObject
    from contract.manifest import Manifest

MAX_SITES = 5  # that are described one by one
SUBJECT = "stored days of "  # and the site


def find_lost_days(manifest: Manifest, stored: StoredDays, began: datetime) -> Iterator[Finding]:
    """Yield a finding for each site with a missing day that was due when a run began which left no day missing.

    ``stored`` must have been listed after the run ended. At most MAX_SITES sites are described.
    """
    ace = manifest.ace
    due = {site.name: list_due_days(site.start_date, site.end_date, began, ace.settle_hours) for site in manifest.sites}
    lost = {name: [day for day in days if SiteDay(name, day) not in stored] for name, days in due.items()}
    found = sorted((name for name, days in lost.items() if days), key=lambda name: -len(lost[name]))
    for name in found[:MAX_SITES]:
        yield _describe(name, due[name], lost[name], group_by_site(manifest, stored)[name], began)
    left = found[MAX_SITES:]
    if left:
        days = sum(len(lost[name]) for name in left)
        yield Finding(
            subject=f"{SUBJECT}{count(len(left), 'more site')}",
            expected=f"all days are stored, as after the run of {format_time(began)}",
            found=_count(days),
            cause=Cause.OUTSIDE_CHANGE,
            hint=Hint.rerun("trigger"),
        )


def _describe(
    site: str, due: Sequence[date], lost: Sequence[date], stored: Mapping[date, StoredObject], began: datetime
) -> Finding:
    newest = max((item.uploaded for item in stored.values()), default=None)
    left = f"the last object left was stored at {format_time(newest)}" if newest else "no object is left"
    return Finding(
        subject=f"{SUBJECT}{site}",
        expected=f"{len(due)} days are stored, as after the run of {format_time(began)}",
        found=f"{_count(len(lost))} ({format_days(lost)}), {left}",
        cause=Cause.OUTSIDE_CHANGE,
        hint=Hint.rerun("trigger"),
    )


def _count(days: int) -> str:
    return "1 was stored and is gone" if days == 1 else f"{days:,} were stored and are gone"
