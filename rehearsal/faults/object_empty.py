"""A stored day without a byte."""

from __future__ import annotations

from dataclasses import replace

from rehearsal import breaking
from rehearsal.faults import Fault

FAULT = Fault(
    breaks="a stored day was emptied",
    caught_by=("r2",),
    blame="worker",
    besides={"query": "worker"},  # on the days when it asks for this one
    apply=breaking.first_day(lambda day: replace(day, body=b"")),
)
