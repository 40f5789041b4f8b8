"""Objects that say nothing of themselves."""

from __future__ import annotations

from rehearsal import breaking
from rehearsal.faults import Fault

FAULT = Fault(
    breaks="the program writes its objects without the number of their samples",
    caught_by=("r2", "query"),
    blame="worker",
    apply=breaking.program(
        ("customMetadata: { samples: `${samples}`, points", "customMetadata: { points"),
    ),
)
