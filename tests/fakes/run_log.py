"""The run log of the fake worker, as the real one writes it."""

from __future__ import annotations

import functools
import itertools
import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from contract.control_objects import RUN_LOG_KEY
from contract.cron.times import CronTimes
from tests.fakes.days import Stored

Run = dict[str, Any]
RUNS = 6  # of the cron, before the checks begin
LATE = timedelta(seconds=20)  # of a run after its cron, with all that it copies


def format_time(moment: datetime) -> str:
    """Return a time as the worker writes it."""
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def make_run(started: datetime, *, lasted: timedelta | None = timedelta(seconds=2), **changes: Any) -> Run:
    """Return an entry of a cron that found no day missing. ``lasted`` None is a run without an end."""
    times = {"started_at": format_time(started), "ended_at": None if lasted is None else format_time(started + lasted)}
    queued = 0 if changes.get("trigger", "cron") == "cron" else None
    counts = {"planned": 0, "queued": queued, "failed": 0, "stored": 0, "rechecked": 0, "kept": 0, "samples_written": 0}
    entry = {"id": format_time(started), "trigger": "cron", **times, "worker_version": "v1", **counts, "error": None}
    return entry | changes


def count_days(left: int) -> Run:
    """Return the counts of a run that saw one more day stored and so many missing."""
    return {"planned": left, "stored": 1} if left > 0 else {}


def cron_runs(cron: str, until: datetime, count: int = RUNS, **changes: Any) -> list[Run]:
    """Return the last runs of a cron before a time, newest first."""
    return [make_run(fire + LATE / 20, **changes) for fire in reversed(_list_times(cron, until)[-count:])]


@functools.cache
def _list_times(cron: str, until: datetime) -> Sequence[datetime]:
    """Return the times of a day that are LATE before a time, oldest first. Some thousand tests have the same."""
    fires = CronTimes.parse(cron).iterate_after(until - timedelta(days=1))
    return tuple(itertools.takewhile(lambda fire: fire + LATE <= until, fires))


def leave_a_day_missing(objects: dict[str, Stored], **counts: int) -> None:
    """Change each run of the log to one that left a day missing. ``counts`` are its other ones."""
    write_runs(objects, [run | {"planned": run["planned"] + run["stored"] + 1, **counts} for run in read_runs(objects)])


def read_runs(objects: dict[str, Stored]) -> list[Run]:
    """Return the entries of the log in a bucket, none of an object that is not a log."""
    found = objects.get(RUN_LOG_KEY)
    try:
        runs: list[Run] = [] if found is None else json.loads(found.body)["runs"]
    except (ValueError, KeyError, TypeError):
        return []
    return runs


def write_runs(objects: dict[str, Stored], runs: Sequence[Run]) -> None:
    """Replace the log in a bucket."""
    ordered = sorted(runs, key=lambda run: str(run["started_at"]), reverse=True)
    write_log(objects, json.dumps({"schema": 1, "runs": ordered[:200]}).encode())


def write_log(objects: dict[str, Stored], body: bytes) -> None:
    """Replace the content of the log's object."""
    objects[RUN_LOG_KEY] = Stored(body=body, custom={})
