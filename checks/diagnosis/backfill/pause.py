"""Reads the pause of the backfill, a control object in the bucket (docs/reference/control-objects.md)."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from checks.clients.worker.run_log import read_run_log
from checks.model.finding import Cause, Failed, Finding, Inconclusive, ShapeError
from checks.model.hint import Hint
from contract.control_objects import PAUSE_KEY, ControlObjectError, Pause, parse_pause
from contract.schedule import format_time

if TYPE_CHECKING:
    from checks.check import Context

MAX_TEXT = 80  # characters of a text that a person wrote


def read_pause(context: Context) -> Pause | None:
    """Return the pause, None where the backfill is not paused. Raises Inconclusive for an object of another form."""
    storage = context.manifest.storage
    answer = context.cloudflare.read_object(storage.bucket, PAUSE_KEY, jurisdiction=storage.jurisdiction)
    if answer.status == 404:
        return None
    try:
        return parse_pause(answer.body)
    except ControlObjectError as error:
        raise Inconclusive(
            Finding(
                subject=f"{storage.bucket}/{PAUSE_KEY}",
                expected="the pause as JSON with reason, by and at",
                found=str(error),
                cause=Cause.STORAGE,
                hint=Hint.explain("fresh"),
            )
        ) from None


def find_paused_run(context: Context) -> datetime | None:
    """Return the time of the last cron that found a pause, None where the run log has none or cannot be read."""
    try:
        runs = read_run_log(context.cloudflare, context.manifest.storage)
    except (Failed, Inconclusive, ShapeError):  # the check history tells them
        return None
    return next((run.started for run in runs if run.is_paused), None)


def describe_pause(pause: Pause) -> str:
    """Return the pause for a message."""
    return f"since {format_time(pause.at)} by {_shorten(pause.by)}: {_shorten(pause.reason)}"


def _shorten(line: str) -> str:
    return line if len(line) <= MAX_TEXT else f"{line[:MAX_TEXT]}…"
