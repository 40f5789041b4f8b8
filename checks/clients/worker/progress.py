"""The progress that the worker reports."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from checks.model.finding import ShapeError
from contract.schedule import SiteDay, parse_day

COUNTERS = ("days_complete", "days_total", "samples_fetched", "samples_written")


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """The worker's counters over all sites. ``current_date`` is its current day, or None where it names none.

    ``current_site`` is the site of that day. A worker of a single site does not name it.
    """

    current_site: str | None
    current_date: date | None
    days_complete: int
    days_total: int
    samples_fetched: int
    samples_written: int

    @classmethod
    def read(cls, body: Mapping[str, Any]) -> Progress:
        """Read ``progress`` from an answer. Raises ShapeError, which names the field, for another form."""
        progress = body.get("progress")
        if not isinstance(progress, dict):
            raise ShapeError("progress is not an object")
        for name in COUNTERS:
            value = progress.get(name)
            if type(value) is not int or value < 0:
                raise ShapeError(f"progress.{name} is {value!r}")
        if progress["days_complete"] > progress["days_total"]:
            raise ShapeError(f"{progress['days_complete']} of {progress['days_total']} days are complete")
        current = progress.get("current_date")
        day = parse_day(current) if isinstance(current, str) else None
        if current is not None and day is None:
            raise ShapeError(f"progress.current_date is {current!r}")
        site = progress.get("current_site")
        if site is not None and not isinstance(site, str):
            raise ShapeError(f"progress.current_site is {site!r}")
        return cls(current_site=site, current_date=day, **{name: progress[name] for name in COUNTERS})


def read_failed_day(body: Mapping[str, Any]) -> SiteDay | None:
    """Return the first failed day that an answer of ``POST /trigger`` names, the worker's current day without one."""
    failed = body.get("failed")
    first = failed[0] if isinstance(failed, list) and failed else None
    if isinstance(first, dict):
        site, text = first.get("site"), first.get("day")
        day = parse_day(text) if isinstance(text, str) else None
        if isinstance(site, str) and day is not None:
            return SiteDay(site, day)
    return read_progress_day(body)


def read_progress_day(body: Mapping[str, Any]) -> SiteDay | None:
    """Return the worker's current day, or None for an answer that does not name it. The site may be an empty text."""
    try:
        progress = Progress.read(body)
    except ShapeError:
        return None
    day = progress.current_date
    return None if day is None else SiteDay(progress.current_site or "", day)
