"""A trigger that ends in an exception."""

from __future__ import annotations

from rehearsal import breaking
from rehearsal.faults import Fault

FAULT = Fault(
    breaks="the program's /trigger throws: 500 without a reason",
    caught_by=("trigger", "logs"),
    blame="worker",
    apply=breaking.program(
        (
            "        const batch = await run(config, limits.triggerMs);",
            "        const batch = await run(config.nothing.there, limits.triggerMs);",
        ),
    ),
)
