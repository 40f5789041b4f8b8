"""A status out of a store that lags behind."""

from __future__ import annotations

from rehearsal import breaking
from rehearsal.faults import Fault

FAULT = Fault(
    breaks="the program's progress lies in an eventually consistent store, so that /status disagrees with /trigger",
    caught_by=("trigger",),
    blame="worker",
    apply=breaking.program(
        (
            "answer(await runBatch(config, limits, 0, memory.counters), { last_error",
            "answer((memory.kept ??= await runBatch(config, limits, 0, memory.counters)), { last_error",
        ),
        ("const memory = { counters", "const memory = { kept: undefined, counters"),
    ),
)
