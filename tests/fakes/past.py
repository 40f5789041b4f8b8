"""The past of a random system: the runs of its cron since the last upload, with the days that they stored."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from tests.fakes import days, run_log
from tests.fakes.calendar import SETTLE, Calendar

PERIOD = timedelta(minutes=5)  # of the cron
BATCH = timedelta(minutes=10)  # of one run, at most
STARTS = timedelta(seconds=2)  # after the cron's time
ENDS = timedelta(seconds=3)  # after the start, for a run that copies nothing
MAX_RUNS = 200  # of the log

Span = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """The time of the last upload, the time that a day's copy takes, and the spans in which the cron did not work.

    ``silent``: no run began, or it ended before its first line. ``failed``: each run ended with ``error``. ``killed``:
    no run ended. ``idle``: each run ended early and stored no day. An empty span is None.
    """

    uploaded: datetime
    pace: timedelta = timedelta(seconds=20)
    silent: Span | None = None
    failed: Span | None = None
    killed: Span | None = None
    idle: Span | None = None
    error: Mapping[str, str] | None = None

    def live(
        self, calendar: Calendar, copy: Callable[[str], days.Stored], version: str
    ) -> tuple[dict[str, days.Stored], list[run_log.Run]]:
        """Return the objects of the stored days, and the last runs, newest first, by the version with that id."""
        objects: dict[str, days.Stored] = {}
        runs: deque[run_log.Run] = deque(maxlen=MAX_RUNS)
        due, free, logged = calendar.due(0.0), self.uploaded, calendar.begins - MAX_RUNS * PERIOD
        for start in self._list_starts(calendar.begins):
            over = ((start - SETTLE).date() - days.FIRST).days  # due days, which are stored oldest first
            if start < free or _is_within(self.silent, start) or (start < logged and over <= len(objects)):
                continue
            run, stored = self._run(start, due[len(objects) : over], calendar.begins)
            objects |= {days.key_of(day): replace(copy(day), uploaded=moment) for day, moment in stored.items()}
            runs.append(run | {"worker_version": version})
            free = max([free, *stored.values()])
        return objects, list(reversed(runs))

    def _list_starts(self, until: datetime) -> Iterator[datetime]:
        """Yield the time of each cron from the upload to a time."""
        moment = self.uploaded.replace(second=0, microsecond=0)
        moment += PERIOD - timedelta(minutes=moment.minute % 5)
        while moment + STARTS + ENDS < until:
            yield moment + STARTS
            moment += PERIOD

    def _run(self, start: datetime, missing: list[str], now: datetime) -> tuple[run_log.Run, dict[str, datetime]]:
        """Return the entry of one run, and the time at which it stored each day."""
        about: dict[str, Any] = {"planned": len(missing), "lasted": ENDS}
        if _is_within(self.failed, start):
            return run_log.make_run(start, **about | {"error": self.error}), {}
        if _is_within(self.killed, start):
            return run_log.make_run(start, **about | {"lasted": None}), {}
        if _is_within(self.idle, start):
            return run_log.make_run(start, **about), {}
        times = {day: start + (number + 1) * self.pace for number, day in enumerate(missing)}
        stored = {day: moment for day, moment in times.items() if moment <= start + BATCH}
        done = {day: moment for day, moment in stored.items() if moment < now}
        if len(done) < len(stored):
            return run_log.make_run(start, **about | {"lasted": None}), done
        lasted = max([start + ENDS, *done.values()]) - start
        return run_log.make_run(start, **about | {"lasted": lasted, "stored": len(done)}), done


def _is_within(span: Span | None, moment: datetime) -> bool:
    return span is not None and span[0] <= moment < span[1]
