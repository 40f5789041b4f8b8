"""A write whose failure nobody hears of."""

from __future__ import annotations

from rehearsal import breaking
from rehearsal.faults import Fault

FAULT = Fault(
    breaks="the program swallows a failed write, and marks the day complete",
    caught_by=("r2",),
    blame="worker",
    apply=breaking.program(
        (
            'SERVICE = "backfill-worker";',
            'SERVICE = "backfill-worker";\nconst DONE = new Set();',
        ),
        (
            "const stored = await storedDates(config);",
            "const stored = new Set([...(await storedDates(config)), ...DONE]);",
        ),
        (
            "counters.samples_written += await store(config, date, body, tally, {",
            "DONE.add(date); // whatever becomes of the write\n"
            "await store({ ...config, bucket: undefined }, date, body, tally, {",
        ),
        (
            "source: `${from}/${to}` });",
            "source: `${from}/${to}` }).catch(() => {});",
        ),
    ),
)
