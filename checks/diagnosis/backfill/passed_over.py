"""A site that the backfill passes over: its newest days are missing, and other days were stored instead."""

from __future__ import annotations

import bisect
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from contract.schedule import due_time, list_due_days

if TYPE_CHECKING:
    from checks.stored_days.backlog import SiteBacklog
    from checks.stored_days.listing.days import StoredDays
    from contract.manifest import Manifest

MAX_LATE = timedelta(days=1)  # of a newest day, while the backfill moves
MIN_MOVED = timedelta(hours=6)  # that the backfill moves, before a newest day is late: each site has had its turn


def list_passed_over(
    manifest: Manifest, overdue: Sequence[SiteBacklog], stored: StoredDays, now: datetime
) -> list[SiteBacklog]:
    """Return those of the sites with overdue days that are passed over."""
    uploads, settle_hours = sorted(item.uploaded for item in stored.values()), manifest.ace.settle_hours
    declared = {site.name: site for site in manifest.sites}
    due = {
        site.name: list_due_days(declared[site.name].start_date, declared[site.name].end_date, now, settle_hours)
        for site in overdue
    }
    return [site for site in overdue if is_passed_over(due[site.name], site.overdue, uploads, settle_hours, now)]


def is_passed_over(
    due: Sequence[date], overdue: Sequence[date], uploads: Sequence[datetime], settle_hours: int, now: datetime
) -> bool:
    """Return whether the newest due day of a site is late. Planners send it first. ``uploads`` are those of all sites.

    A site without an end has a newer day before its newest day is late. So its last but one must be missing too, and a
    day must have been stored since that one was due, MIN_MOVED ago or earlier: after an outage each site has its turn.
    """
    if not overdue or overdue[-1] != due[-1]:
        return False
    if due_time(due[-1], settle_hours) + MAX_LATE < now:
        return True
    if due[-2:] != overdue[-2:] or len(due) == 1:
        return False
    first = bisect.bisect_left(uploads, due_time(due[-2], settle_hours))
    return first < len(uploads) and uploads[first] <= now - MIN_MOVED
