"""Reads the pause of the backfill, a control object in the bucket (docs/reference/control-objects.md)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from checks.check import Context
from checks.model.finding import Cause, Finding, Inconclusive
from checks.model.hint import Hint
from cloudflare_client.errors import UnknownShapeError
from cloudflare_client.fields import read_object, read_text, read_time
from contract.schedule import format_time

if TYPE_CHECKING:
    from collections.abc import Mapping

KEY = "_control/backfill/pause.json"
MAX_TEXT = 80  # characters of a text that a person wrote


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """A pause: its reason, its author and its time (UTC). The texts are one line each."""

    reason: str
    by: str
    at: datetime

    @property
    def shown(self) -> str:
        """Return the pause for a message."""
        return f"since {format_time(self.at)} by {self.by}: {self.reason}"


def read_pause(context: Context) -> Pause | None:
    """Return the pause, None where the backfill is not paused. Raises Inconclusive for an object of another form."""
    storage = context.manifest.storage
    answer = context.cloudflare.read_object(storage.bucket, KEY, jurisdiction=storage.jurisdiction)
    if answer.status == 404:
        return None
    try:
        found: Mapping[str, object] = read_object(answer.json, "the pause")
        return Pause(
            reason=_shorten(read_text(found, "reason")),
            by=_shorten(read_text(found, "by")),
            at=read_time(found, "at"),
        )
    except UnknownShapeError as error:
        raise Inconclusive(
            Finding(
                subject=f"{storage.bucket}/{KEY}",
                expected="the pause as JSON with reason, by and at",
                found=error.detail,
                cause=Cause.STORAGE,
                hint=Hint.explain("fresh"),
            )
        ) from None


def _shorten(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= MAX_TEXT else f"{line[:MAX_TEXT]}…"
