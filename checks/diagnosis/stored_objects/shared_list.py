"""The list of the stored days that the checks of a run share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from checks.check import Context
from checks.stored_days.listing.days import list_days
from checks.stored_days.listing.objects import find_newer_entry

if TYPE_CHECKING:
    from checks.stored_days.listing.days import StoredDays
    from cloudflare_client.answers import StoredObject


def list_stored_days(context: Context, after: int = 0) -> StoredDays:
    """Return the stored days from the list of this run, or from a new one if at most ``after`` lists had begun.

    Raises Failed where the bucket does not exist, Inconclusive where the list cannot be read.
    """
    return context.listed_days.read(lambda: list_days(context.cloudflare, context.manifest, context.now), after)


def find_rewritten(context: Context, item: StoredObject) -> StoredObject | None:
    """Return the entry of an object that was written again since it was listed, as a re-check does, or None."""
    return find_newer_entry(context.cloudflare, context.manifest.storage, item)
