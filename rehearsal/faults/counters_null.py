"""Counters that nobody sets to zero: NaN, which JSON writes as null."""

from __future__ import annotations

from rehearsal import breaking
from rehearsal.faults import Fault

FAULT = Fault(
    breaks="the program never initialises its counters, so that they are null",
    caught_by=("trigger", "r2"),
    blame="worker",
    apply=breaking.program(
        ("    const counters = { samples_fetched: 0, samples_written: 0 };", "    const counters = {};"),
    ),
)
