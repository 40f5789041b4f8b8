"""A stored day whose metadata are another's."""

from __future__ import annotations

from dataclasses import replace

from rehearsal import breaking
from rehearsal.faults import Fault

FAULT = Fault(
    breaks="a stored day says that it holds one sample more than it does",
    caught_by=("r2",),
    blame="worker",
    besides={"query": "worker"},  # on the days when it asks for this one
    apply=breaking.first_day(
        lambda day: replace(day, custom={**day.custom, "samples": str(int(day.custom["samples"]) + 1)})
    ),
)
