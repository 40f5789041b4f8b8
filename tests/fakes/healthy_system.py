"""A fixed system for unit tests: five declared days, of which two are stored, at noon of a later day."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from contract.cron.dialect import find_broken_field
from tests.fakes import days, run_log
from tests.fakes.calendar import SETTLE, Calendar
from tests.fakes.manifest import NOW, manifest_data
from tests.fakes.system import System


def healthy_system(
    *, stored: int = 2, total: int = 5, manifest: dict[str, Any] | None = None, now: datetime = NOW
) -> System:
    """Return a healthy system whose worker copies ``total`` days of each site. The first ``stored`` are complete."""
    over = ((now - SETTLE).date() - days.FIRST).days
    calendar = Calendar(end=total - 1, begins=now, lead=max(0, total - over))
    rows = {days.date_of(number): days.to_rows(days.lines(days.date_of(number))) for number in range(total)}
    system = System(manifest_data() if manifest is None else manifest, calendar, rows)
    system.script.upload()
    for site in system.worker.sites:
        system.ace.sites.setdefault(site, dict(rows))
        for number in range(stored):
            system.write(days.date_of(number), site=site)
    crons = [cron for cron in system.manifest["schedules"] if find_broken_field(cron) is None]
    runs = [run for cron in crons for run in run_log.cron_runs(cron, now, **run_log.count_days(total - stored))]
    run_log.write_runs(system.objects, runs)
    return system


def endless_system(end_date: str | None = None, **more: Any) -> System:
    """Return a system that copies until yesterday: its range has no end, or one in the future."""
    return healthy_system(manifest=manifest_data(last=end_date), **more)
