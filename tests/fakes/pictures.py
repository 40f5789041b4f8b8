"""Made-up pictures of the stored days, for the tests of the page."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from backfill.picture.model import Key, PastRun, Picture, Version
from backfill.picture.site import IS_STORED, Day, Rate, Site, State
from contract.control_objects import Failure

NOW = datetime(2026, 11, 28, 5, tzinfo=UTC)
START = date(2022, 1, 1)
VERSION = "c1529256-0000-4000-8000-000000000000"


def make_site(name: str, states: Sequence[State], *, first: date = START, rate: int = 0) -> Site:
    """Return a site whose days have these states. ``rate`` are the days of the last hour."""
    days = tuple(_make_day(first + timedelta(days=number), state) for number, state in enumerate(states))
    failures = tuple(_make_failure(name, day.date) for day in days if day.state is State.FAILED)
    return Site(name=name, days=days, rate=Rate(copied=rate, horizon=timedelta(hours=1)), failures=failures)


def make_picture(sites: Iterable[Site], **changes: Any) -> Picture:
    """Return a picture of these sites, with a key, two versions and two runs."""
    given: dict[str, Any] = {
        "stack": "prod",
        "worker": "building-vitals-backfill",
        "bucket": "ace-timeseries",
        "at": NOW,
        "recheck_days": 3,
        "runs": (_make_run(minutes=2), _make_run(minutes=7, error="upstream_unavailable: ACE answered 503")),
        "key": Key(source="the key in ACE_API_KEY", expires=NOW + timedelta(days=41)),
        "versions": (
            Version(id=VERSION, made="made by ann@example.org", is_live=True, days=900),
            Version(id="9fbb2211-0000", made="made by bob@example.org", is_live=False, days=412),
        ),
    }
    return Picture(sites=tuple(sites), **given | changes)


def _make_day(day: date, state: State) -> Day:
    if state not in IS_STORED:
        return Day(date=day, state=state)
    size = 20 if state is State.EMPTY else 90_000
    return Day(date=day, state=state, size=size, uploaded=NOW, revision=1, version=VERSION)


def _make_failure(site: str, day: date) -> Failure:
    last = NOW - timedelta(hours=2)
    return Failure(site=site, day=day, code="upstream_contract", attempts=2, first_at=last, last_at=last)


def _make_run(*, minutes: int, error: str = "") -> PastRun:
    started = NOW - timedelta(minutes=minutes)
    return PastRun(
        trigger="cron",
        started=started,
        ended=started + timedelta(seconds=4),
        version=VERSION,
        planned=1200,
        queued=500,
        failed=0,
        stored=30,
        rechecked=4,
        kept=1,
        error=error,
    )
