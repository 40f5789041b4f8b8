"""Nothing goes on by itself any more."""

from __future__ import annotations

from rehearsal import breaking
from rehearsal.faults import Fault

FAULT = Fault(
    breaks="somebody removed the cron",
    caught_by=("bindings",),
    blame="configuration",
    apply=breaking.script("PUT", "/schedules", json=[]),
)
