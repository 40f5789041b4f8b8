"""Chooses the days of an operation, and refuses each day that it is not meant for. Nothing here changes anything."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING

from backfill.errors import EXIT_USAGE, CommandError
from backfill.operations.result import SiteDay
from backfill.picture.listing import StoredDays, list_failures, list_site
from contract.day_object import FORMAT
from contract.schedule import DAY, due_time, format_time

if TYPE_CHECKING:
    from backfill.session import Session
    from contract.manifest.sites import DeclaredSite

MAX_NAMED = 3  # days in a message
MAX_COPIED = 8  # days in its next command, because a longer line is cut


def choose_days_to_copy(session: Session, site: str | None, days: Sequence[date]) -> list[SiteDay]:
    """Return the named days of a site, or the failed days that the site and the days select.

    Raises CommandError for an unknown site, and for a day that is outside of its range, not due, or of no site.
    """
    if site is None and days and len(session.manifest.sites) == 1:
        site = session.manifest.sites[0].name
    if site is not None and days:
        declared = session.find_site(site)
        for day in days:
            _refuse_other_days(session, declared, day)
        return [(site, day) for day in dict.fromkeys(days)]
    names = {declared.name for declared in session.choose_sites(site)}
    failed = [(item.site, item.day) for item in list_failures(session) if item.site in names]
    if not days:
        return sorted(failed)
    for day in days:
        if all(day != other for _, other in failed):
            text = f"{day} is not a failed day of any site. Name the site of a missing day with --site NAME"
            raise CommandError(text, EXIT_USAGE)
    return sorted(place for place in failed if place[1] in days)


def choose_days_to_replace(
    session: Session,
    site: str,
    *,
    days: Sequence[date] = (),
    first: date | None = None,
    last: date | None = None,
    format_1: bool = False,
) -> list[date]:
    """Return the stored days of a site that one of the three ways selects, oldest first.

    Raises CommandError for an unknown site, and for a day that is outside of its range, not due, or not stored.
    """
    ways = [bool(days), first is not None or last is not None, format_1]
    if sum(ways) != 1:
        raise CommandError("choose the days by one of: --day DAY, --from DAY --to DAY, --format-1", EXIT_USAGE)
    if ways[1] and (first is None or last is None):
        found, missing = ("--to", "--from") if first is None else ("--from", "--to")
        raise CommandError(f"{found} needs {missing}: the first and the last day, both included", EXIT_USAGE)
    if first is not None and last is not None and first > last:
        raise CommandError(f"--from {first} is after --to {last}", EXIT_USAGE)
    declared = session.find_site(site)
    chosen = _list_range(first, last) if first is not None and last is not None else sorted(set(days))
    for day in chosen:
        _refuse_other_days(session, declared, day)
    stored = list_site(session, site)
    if format_1:
        return sorted(day for day, item in stored.items() if item.metadata.get("format", "1") != FORMAT)
    _refuse_missing_days(session, site, chosen, stored)
    return chosen


def _list_range(first: date, last: date) -> list[date]:
    return [first + number * DAY for number in range((last - first).days + 1)]


def _refuse_other_days(session: Session, site: DeclaredSite, day: date) -> None:
    first = date.fromisoformat(site.start_date)
    last = None if site.end_date is None else date.fromisoformat(site.end_date)
    if day < first or (last is not None and day > last):
        declared = f"from {first}" + ("" if last is None else f" to {last}")
        raise CommandError(f"{day} is not a day of {site.name}, which is declared {declared}", EXIT_USAGE)
    due = due_time(day, session.manifest.ace.settle_hours)
    if session.now < due:
        raise CommandError(f"{day} of {site.name} is not due before {format_time(due)}", EXIT_USAGE)


def _refuse_missing_days(session: Session, site: str, days: Sequence[date], stored: StoredDays) -> None:
    missing = [day for day in days if day not in stored]
    if not missing:
        return
    named = ", ".join(map(str, missing[:MAX_NAMED]))
    if len(missing) > 1:
        more = f" and {len(missing) - MAX_NAMED} more" if len(missing) > MAX_NAMED else ""
        text = f"{len(missing)} of these days are not stored: {named}{more}. Copy them first: "
    else:
        text = f"{named} is not stored. Copy it first: "
    words = ["retry", "--site", site, *(f"--day {day}" for day in missing[:MAX_COPIED])]
    raise CommandError(text + session.name_command(*words), EXIT_USAGE)
