"""The picture as data for JSON. Source of its form: docs/reference/backfill.schema.json."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from backfill.picture.model import PastRun, Picture
from backfill.picture.site import Day, Rate, Site, State

if TYPE_CHECKING:
    from contract.control_objects import Failure


def build_data(picture: Picture) -> dict[str, Any]:
    """Return the picture as JSON-ready data. Days of one state in a row are one range."""
    pause, key = picture.pause, picture.key
    return {
        "stack": picture.stack,
        "worker": picture.worker,
        "bucket": picture.bucket,
        "at": format_moment(picture.at),
        "paused": None if pause is None else {"reason": pause.reason, "by": pause.by, "at": format_moment(pause.at)},
        "totals": _count(picture, picture.rate, picture.ends),
        "sites": [_describe_site(picture, site) for site in picture.sites],
        "failures": [_describe_failure(item) for site in picture.sites for item in site.failures],
        "runs": [_describe_run(run) for run in picture.runs],
        "key": None if key is None else {"source": key.source, "expires": format_moment(key.expires)},
        "versions": [
            {"id": item.id, "made": item.made, "live": item.is_live, "days": item.days} for item in picture.versions
        ],
        "unread": list(picture.unread),
    }


def format_moment(moment: datetime | None) -> str | None:
    """Return a time (UTC) as ISO 8601 to the second, None for none."""
    return None if moment is None else moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _count(part: Picture | Site, rate: Rate, ends: datetime | None) -> dict[str, Any]:
    return {
        "due": part.due,
        "stored": part.stored,
        "empty": part.empty,
        "missing": part.missing,
        "failed": part.failed,
        "late": part.counts[State.LATE],
        "rechecked": part.counts[State.RECHECKED],
        "days_per_hour": round(rate.days_per_hour, 2),
        "complete_at": format_moment(ends),
    }


def _describe_site(picture: Picture, site: Site) -> dict[str, Any]:
    end = picture.estimate_end(site.rate, site.counts[State.MISSING])
    return {
        "name": site.name,
        **_count(site, site.rate, end),
        "oldest_missing": None if site.oldest_missing is None else f"{site.oldest_missing}",
        "newest_stored": None if site.newest is None else f"{site.newest}",
        "ranges": list(_list_ranges(site.days)),
    }


def _list_ranges(days: Sequence[Day]) -> Iterator[dict[str, Any]]:
    for state, group in itertools.groupby(days, key=lambda day: day.state):
        alike = list(group)
        yield {"state": state.value, "first": f"{alike[0].date}", "last": f"{alike[-1].date}", "days": len(alike)}


def _describe_failure(item: Failure) -> dict[str, Any]:
    times = {"first_at": item.first_at, "last_at": item.last_at, "next_at": item.next_at}
    return {
        "site": item.site,
        "day": f"{item.day}",
        "code": item.code,
        "attempts": item.attempts,
        **{name: format_moment(moment) for name, moment in times.items()},
    }


def _describe_run(run: PastRun) -> dict[str, Any]:
    return {
        "trigger": run.trigger,
        "started_at": format_moment(run.started),
        "ended_at": format_moment(run.ended),
        "worker_version": run.version,
        "planned": run.planned,
        "queued": run.queued,
        "failed": run.failed,
        "stored": run.stored,
        "rechecked": run.rechecked,
        "kept": run.kept,
        "error": run.error or None,
    }
