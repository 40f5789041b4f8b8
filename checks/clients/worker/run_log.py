"""The worker's run log. Source: docs/reference/control-objects.md."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from checks.clients.worker.error import WorkerError
from checks.model.finding import Failed, ShapeError
from checks.stored_days.listing.days import describe_missing_bucket
from cloudflare_client.errors import NO_BUCKET, refusal
from contract.control_objects import RUN_LOG_KEY
from contract.schedule import parse_time

if TYPE_CHECKING:
    from cloudflare_client.client import CloudflareClient
    from contract.manifest import Storage

CRON, HTTP, QUEUE = "cron", "http", "queue"


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run. ``ended`` is None for a run that has no end yet, ``error`` for one that did not fail. Times are UTC.

    ``planned`` are missing days, ``failed`` those of them that have a failure record. ``queued`` are the days that a
    planner sent to the queue, None for a run that copies days itself. ``kept`` are rows of re-checked days that ACE no
    longer has.
    """

    trigger: str
    started: datetime
    ended: datetime | None
    version: str
    planned: int | None
    queued: int | None
    failed: int
    stored: int
    rechecked: int
    kept: int
    error: WorkerError | None

    @property
    def is_complete(self) -> bool:
        """Return whether the run left no day missing. A planner counts the days of earlier runs as stored."""
        return self.planned == (self.stored if self.queued is None else 0)

    @property
    def is_paused(self) -> bool:
        """Return whether the run is a cron's that found a pause: it ended without a plan and without an error."""
        return self.trigger == CRON and self.ended is not None and self.planned is None and self.error is None

    @classmethod
    def read(cls, entry: object) -> Run:
        """Read an entry. Raises ShapeError for another form."""
        if not isinstance(entry, dict) or entry.get("trigger") not in (CRON, HTTP, QUEUE):
            raise ShapeError("an entry is not a run")
        planned, error = entry.get("planned"), entry.get("error")
        started = _read_time(entry, "started_at")
        if started is None:
            raise ShapeError("started_at is null")
        return cls(
            trigger=entry["trigger"],
            started=started,
            ended=_read_time(entry, "ended_at"),
            version=str(entry.get("worker_version") or ""),
            planned=None if planned is None else _read_count(entry, "planned"),
            queued=None if entry.get("queued") is None else _read_count(entry, "queued"),
            failed=_read_count(entry, "failed", absent=0),
            stored=_read_count(entry, "stored"),
            rechecked=_read_count(entry, "rechecked", absent=0),
            kept=_read_count(entry, "kept", absent=0),
            error=None if error is None else WorkerError.read(error),
        )


def read_run_log(cloudflare: CloudflareClient, storage: Storage) -> tuple[Run, ...]:
    """Return the runs of the log, the last one to start first. A log that does not exist has no runs.

    Raises Failed where the bucket does not exist, ShapeError for an object that is not a log.
    """
    answer = cloudflare.read_object(storage.bucket, RUN_LOG_KEY, jurisdiction=storage.jurisdiction)
    if answer.status == 404:
        if NO_BUCKET in refusal(answer).codes:
            raise Failed(describe_missing_bucket(storage))
        return ()
    log = answer.json or {}
    runs = log.get("runs")
    if log.get("schema") != 1 or not isinstance(runs, list):
        raise ShapeError("it is not a log of schema 1")
    return tuple(sorted(map(Run.read, runs), key=lambda run: run.started, reverse=True))


def _read_time(entry: Mapping[str, Any], name: str) -> datetime | None:
    value = entry.get(name)
    if value is None:
        return None
    try:
        return parse_time(value)
    except (TypeError, ValueError, OverflowError):
        raise ShapeError(f"{name} is not a time") from None


def _read_count(entry: Mapping[str, Any], name: str, absent: int | None = None) -> int:
    value = absent if entry.get(name) is None else entry[name]
    if type(value) is not int or value < 0:
        raise ShapeError(f"{name} is not a number of {'rows' if name == 'kept' else 'days'}")
    return value
