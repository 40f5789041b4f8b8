"""Days that were stored and are gone: a run of the worker left none missing, and now some are."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from checks.model.finding import Cause, Finding
from checks.model.hint import Hint
from checks.stored_days.backlog import format_days
from checks.stored_days.listing import group_by_site
from contract.schedule import format_time, list_due_days

if TYPE_CHECKING:
    from checks.stored_days.listing import DaysOfSite, StoredDays
    from contract.manifest import Manifest
    from contract.manifest.sites import DeclaredSite

SUBJECT = "stored days of "  # and the site


def find_lost_days(manifest: Manifest, stored: StoredDays, began: datetime) -> Iterator[Finding]:
    """Yield a finding for each site with a missing day that was due when a run began which left no day missing.

    ``stored`` must have been listed after the run ended.
    """
    grouped = group_by_site(manifest, stored)
    for site in manifest.sites:
        found = _find_lost_days(site, manifest.ace.settle_hours, grouped[site.name], began)
        if found is not None:
            yield found


def _find_lost_days(site: DeclaredSite, settle_hours: int, stored: DaysOfSite, began: datetime) -> Finding | None:
    due = list_due_days(site.start_date, site.end_date, began, settle_hours)
    lost = [day for day in due if day not in stored]
    if not lost:
        return None
    shown = "1 was stored and is gone" if len(lost) == 1 else f"{len(lost)} were stored and are gone"
    newest = max((item.uploaded for item in stored.values()), default=None)
    left = f"the last object left was stored at {format_time(newest)}" if newest else "no object is left"
    return Finding(
        subject=f"{SUBJECT}{site.name}",
        expected=f"{len(due)} days are stored, as after the run of {format_time(began)}",
        found=f"{shown} ({format_days(lost)}), {left}",
        cause=Cause.OUTSIDE_CHANGE,
        hint=Hint.rerun("trigger"),
    )
