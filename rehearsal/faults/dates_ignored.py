"""A constant in place of a declared date."""

from __future__ import annotations

from rehearsal import breaking
from rehearsal.faults import Fault

FAULT = Fault(
    breaks="the program ignores START_DATE in favour of a constant",
    caught_by=("trigger", "r2"),
    blame="worker",
    apply=breaking.program(
        (
            "PAGE_SIZE: pageSize, KEY_TEMPLATE: keyTemplate } = env;",
            'PAGE_SIZE: pageSize, KEY_TEMPLATE: keyTemplate } = { ...env, START_DATE: "2024-12-08" };',
        ),
    ),
)
