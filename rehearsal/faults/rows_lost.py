"""A row left out of every page: the day is whole, and untrue."""

from __future__ import annotations

from rehearsal import breaking
from rehearsal.faults import Fault

FAULT = Fault(
    breaks="the program loses the first row of every page",
    caught_by=("proof",),
    blame="worker",
    apply=breaking.program(
        ("const times = rows.map((row) => {", "const times = rows.slice(1).map((row) => {"),
    ),
)
