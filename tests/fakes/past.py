"""The past of a random system: the runs of its cron since the last upload, with the days that they stored."""

from __future__ import annotations

import bisect
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.fakes import days, run_log
from tests.fakes.calendar import SETTLE

PERIOD = timedelta(minutes=5)  # of the cron
BATCH = timedelta(minutes=10)  # of one run, at most
STARTS = timedelta(seconds=2)  # after the cron's time
ENDS = timedelta(seconds=3)  # after the start, for a run that copies nothing
MAX_RUNS = 200  # of the log

Span = tuple[datetime, datetime]
Entry = tuple[datetime, int, dict[days.Place, datetime]]  # a run's start, the days that it missed, and its stored days


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """The time of the last upload, the time that a day's copy takes, and the spans in which the cron did not work.

    ``silent``: no run began, or it ended before its first line. ``failed``: each run ended with ``error``. ``killed``:
    no run ended. ``idle``: each run ended early and stored no day. An empty span is None. ``stopped`` is a site of
    which no day is copied that is due since the given time, or None.
    """

    uploaded: datetime
    pace: timedelta = timedelta(seconds=20)
    silent: Span | None = None
    failed: Span | None = None
    killed: Span | None = None
    idle: Span | None = None
    stopped: tuple[str, datetime] | None = None
    error: Mapping[str, str] | None = None

    def live(
        self, due: Sequence[days.Place], copy: Callable[[days.Place], days.Stored], version: str, begins: datetime
    ) -> tuple[dict[str, days.Stored], list[run_log.Run]]:
        """Return the objects of the stored days, and the last runs, newest first, by the version with that id.

        ``due`` are the due days of all sites, the oldest first. Each run stores the newest due day of each site first,
        and then the oldest days.
        """
        copied = [place for place in due if not self._is_stopped(place)]
        times = [_due_time(place) for place in copied]
        stopped = [_due_time(place) for place in due if self._is_stopped(place)]
        objects: dict[str, days.Stored] = {}
        entries: deque[Entry] = deque(maxlen=MAX_RUNS)
        free, logged = self.uploaded, begins - MAX_RUNS * PERIOD
        moment = _find_cron(self.uploaded)
        while (start := moment + STARTS) + ENDS < begins:
            count = bisect.bisect_right(times, start)
            wait = self._find_wait(
                start, free, times[count] if count < len(times) else begins, logged, len(objects) < count
            )
            if wait is not None:
                moment = max(moment + PERIOD, _find_cron(wait - STARTS))
                continue
            moment += PERIOD
            missing = _list_missing(copied[:count], objects) if len(objects) < count else []
            stored = self._store(start, missing)
            done = {place: at for place, at in stored.items() if at < begins}
            objects |= {
                days.key_of(day, site): replace(copy((site, day)), uploaded=at) for (site, day), at in done.items()
            }
            entries.append((start, len(missing) + bisect.bisect_right(stopped, start), stored))
            free = max([free, *done.values()])
        runs = [self._describe(entry, begins) | {"worker_version": version} for entry in reversed(entries)]
        return objects, runs

    def _find_wait(
        self, start: datetime, free: datetime, coming: datetime, logged: datetime, is_missing: bool
    ) -> datetime | None:
        """Return the time until which no run begins, or none that matters. ``coming``: the next day is due then."""
        if start < free:
            return free
        if _is_within(self.silent, start):
            return self.silent[1] if self.silent else None
        if start >= logged:
            return None
        for span in (self.failed, self.killed, self.idle):
            if span is not None and _is_within(span, start):
                return min(span[1], logged)
        return None if is_missing else min(coming, logged)

    def _is_stopped(self, place: days.Place) -> bool:
        return self.stopped is not None and place[0] == self.stopped[0] and _due_time(place) >= self.stopped[1]

    def _store(self, start: datetime, missing: Sequence[days.Place]) -> dict[days.Place, datetime]:
        """Return the time at which a run stores each day."""
        if any(_is_within(span, start) for span in (self.failed, self.killed, self.idle)):
            return {}
        times = {place: start + (number + 1) * self.pace for number, place in enumerate(missing)}
        return {place: at for place, at in times.items() if at <= start + BATCH}

    def _describe(self, entry: Entry, now: datetime) -> run_log.Run:
        """Return the entry of the log for one run."""
        start, planned, stored = entry
        about: dict[str, Any] = {"planned": planned, "lasted": ENDS}
        if self.stopped is not None:
            about["queued"] = planned
        done = [at for at in stored.values() if at < now]
        if _is_within(self.failed, start):
            about["error"] = self.error
        elif _is_within(self.killed, start) or len(done) < len(stored):
            about["lasted"] = None
        elif done:
            about |= {"lasted": max([start + ENDS, *done]) - start, "stored": len(done)}
        return run_log.make_run(start, **about)


def _list_missing(due: Sequence[days.Place], objects: Mapping[str, days.Stored]) -> list[days.Place]:
    """Return the missing days as the queue has them: the newest due day of each site, then the oldest ones."""
    missing = [(site, day) for site, day in due if days.key_of(day, site) not in objects]
    newest = {site: (site, day) for site, day in due}.values()
    return sorted(missing, key=lambda place: place not in newest)


def _due_time(place: days.Place) -> datetime:
    return datetime.fromisoformat(place[1]).replace(tzinfo=UTC) + timedelta(days=1) + SETTLE


def _find_cron(moment: datetime) -> datetime:
    """Return the first time of the cron at a moment, or after it."""
    before = moment.replace(minute=moment.minute - moment.minute % 5, second=0, microsecond=0)
    return before if before == moment else before + PERIOD


def _is_within(span: Span | None, moment: datetime) -> bool:
    return span is not None and span[0] <= moment < span[1]
