"""Another rhythm than the declared one."""

from __future__ import annotations

from rehearsal import breaking
from rehearsal.faults import Fault

FAULT = Fault(
    breaks="somebody changed the cron",
    caught_by=("bindings",),
    blame="configuration",
    apply=breaking.script("PUT", "/schedules", json=[{"cron": "0 1 * * *"}]),
)
