"""A failure that is reported with 200."""

from __future__ import annotations

from rehearsal import breaking
from rehearsal.faults import Fault

FAULT = Fault(
    breaks="the program's /trigger answers 200 with status `error`",
    caught_by=("trigger",),
    blame="worker",
    apply=breaking.program(
        (
            'if (!error) return json(200, { status: continuation ? "in_progress" : "complete", ...about });',
            'if (!error) return json(200, { status: more ? "error" : "complete", ...about });',
        ),
        (
            "return answer(batch, date && { unfinished: date,",
            "return answer(batch, { unfinished: date,",
        ),
    ),
)
