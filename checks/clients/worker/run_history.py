"""Judges the worker's run log: whether its cron runs, and how its runs ended. Functions over data, without requests."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from checks.clients.worker.run_log import CRON, HTTP, QUEUE, Run
from checks.model.finding import Evidence
from checks.stored_days.selection import CLOCK_SKEW
from contract.cron.times import list_fires

PERIODS = 3  # of the cron, within which a run must begin
LATE = timedelta(minutes=1)  # a cron begins some seconds after its time, and then writes the log
NEW_CRON = timedelta(minutes=15) + CLOCK_SKEW  # a changed cron begins so much later, and clocks may differ
MAX_DURATION = {
    CRON: timedelta(minutes=15),  # Cloudflare ends a cron's run then
    QUEUE: timedelta(minutes=15),
    HTTP: timedelta(minutes=7),  # POST /replace requests no page after 5 minutes, and tries one three times for 25 s
}


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """The runs, the last one to start first. ``upload`` is the time of the stack's last upload, None if not known."""

    runs: Sequence[Run]
    upload: datetime | None
    crons: Collection[str]
    now: datetime

    @property
    def recent(self) -> list[Run]:
        """Return the runs since the upload, the last one to start first."""
        return [run for run in self.runs if self.upload is None or run.started >= self.upload]

    @property
    def ended(self) -> list[Run]:
        """Return the runs since the upload that have ended, the last one to end first."""
        return sorted((run for run in self.recent if run.ended), key=lambda run: run.ended or self.now, reverse=True)

    @property
    def last_cron(self) -> datetime | None:
        """Return the start of the last run of the cron, also of one before the upload."""
        return next((run.started for run in self.runs if run.trigger == CRON), None)

    def find_window(self) -> list[datetime]:
        """Return the next times of the cron after its last run, or after the upload. They are fewer without a cron.

        Not all of them may be over: ``PERIODS`` times without a run mean that the cron does not run.
        """
        begins = [self.last_cron, None if self.upload is None else self.upload + NEW_CRON]
        known = [moment for moment in begins if moment is not None]
        return list_fires(self.crons, max(known), PERIODS) if known and self.crons else []

    def is_silent(self) -> bool:
        """Return whether the cron does not run: so many of its times passed without a run."""
        window = self.find_window()
        return len(window) == PERIODS and self.now > window[-1] + LATE

    def find_complete(self, versions: Collection[str]) -> Run | None:
        """Return the last run by one of these versions that left no day missing, None without one.

        It ended without an error, and no day was missing at its end.
        """
        done = (run for run in self.recent if run.ended and run.error is None and run.version in versions)
        return next((run for run in done if run.is_complete), None)

    def find_killed(self) -> list[Run]:
        """Return the runs that began, never ended, and can no longer last.

        A run by HTTP may end with its client, so it does not count before a later success.
        """
        last = next((run.started for run in self.ended if run.error is None), None)
        return [
            run
            for run in self.recent
            if run.ended is None
            and self.now - run.started > MAX_DURATION[run.trigger]
            and not (run.trigger == HTTP and last is not None and last > run.started)
        ]

    def find_failures(self) -> list[Run]:
        """Return the failed runs without a later success, the last one first."""
        return list(itertools.takewhile(lambda run: run.error is not None, self.ended))

    def awaits_cron(self, failures: Sequence[Run]) -> bool:
        """Return whether all failures are runs by HTTP, and the next cron is still to come: it tries again."""
        if not self.crons or any(run.trigger == CRON for run in failures):
            return False
        fires = list_fires(self.crons, failures[0].ended or self.now, 1)
        return bool(fires) and self.now <= fires[0] + LATE

    def find_idle_planners(self) -> list[Run]:
        """Return the last ``PERIODS`` runs of the cron if each sent no day although days are missing, else none.

        A failure record may hold back all days of its site, and the check ``failures`` reports it. A day that was
        stored meanwhile is progress. During a pause a run plans nothing.
        """
        runs = [run for run in self.ended if run.trigger == CRON][:PERIODS]
        idle = [run for run in runs if run.error is None and run.planned and run.queued == 0]
        return idle if len(idle) == PERIODS and not any(run.failed or run.stored for run in idle) else []

    def describe_failed_days(self) -> list[Evidence]:
        """Return a warning if missing days had a failure record at the last run of the cron."""
        failed = next((run.failed for run in self.ended if run.trigger == CRON), 0)
        text = f"failed days that are tried again: {failed} (check failures)"
        return [Evidence(text, warning=True)] if failed else []
