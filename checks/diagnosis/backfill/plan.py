"""Reads the plan of the backfill, a control object in the bucket (docs/reference/control-objects.md)."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from contract.control_objects import MAX_PLANNED, PLAN_KEY, ControlObjectError, parse_plan

if TYPE_CHECKING:
    from checks.check import Context


def has_planned_days(context: Context, now: datetime) -> bool:
    """Return whether a day to copy is in the queue. The worker begins a plan that cannot be read anew."""
    storage = context.manifest.storage
    answer = context.cloudflare.read_object(storage.bucket, PLAN_KEY, jurisdiction=storage.jurisdiction)
    if answer.status == 404:
        return False
    try:
        planned = parse_plan(answer.body)
    except ControlObjectError:
        return False
    return any(day.what == "copy" and now - day.at < MAX_PLANNED for day in planned)
