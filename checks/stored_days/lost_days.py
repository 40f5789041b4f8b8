"""Days that were stored and are gone: a run of the worker left none missing, and now some are."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from checks.model.finding import Cause, Finding
from checks.model.hint import Hint
from checks.stored_days.backlog import format_days
from contract.schedule import format_time, list_due_days

if TYPE_CHECKING:
    from checks.stored_days.listing import StoredDays
    from contract.manifest import DeclaredAce

SUBJECT = "stored days of "  # and the site


def find_lost_days(ace: DeclaredAce, stored: StoredDays, began: datetime) -> Finding | None:
    """Return a finding if a day is missing that was due when a run began which left no day missing.

    ``stored`` must have been listed after the run ended.
    """
    due = list_due_days(ace.start_date, ace.end_date, began, ace.settle_hours)
    lost = [day for day in due if day not in stored]
    if not lost:
        return None
    shown = "1 was stored and is gone" if len(lost) == 1 else f"{len(lost)} were stored and are gone"
    newest = max((item.uploaded for item in stored.values()), default=None)
    left = f"the last object left was stored at {format_time(newest)}" if newest else "no object is left"
    return Finding(
        subject=f"{SUBJECT}{ace.site}",
        expected=f"{len(due)} days are stored, as after the run of {format_time(began)}",
        found=f"{shown} ({format_days(lost)}), {left}",
        cause=Cause.OUTSIDE_CHANGE,
        hint=Hint.rerun("trigger"),
    )
