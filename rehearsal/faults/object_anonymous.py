"""A stored day that says nothing of itself."""

from __future__ import annotations

from dataclasses import replace

from rehearsal import breaking
from rehearsal.faults import Fault

FAULT = Fault(
    breaks="a stored day was written by something else, without its metadata",
    caught_by=("r2",),
    blame="storage",
    besides={"query": "storage"},  # on the days when it asks for this one
    apply=breaking.first_day(lambda day: replace(day, custom={})),
)
