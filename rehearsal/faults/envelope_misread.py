"""The wrong key of ACE's envelope: every page looks empty, and the day complete."""

from __future__ import annotations

from rehearsal import breaking
from rehearsal.faults import Fault

FAULT = Fault(
    breaks="the program reads `data` where ACE sends `point_samples`, so that every page looks empty",
    caught_by=("r2",),
    blame="worker",
    apply=breaking.program(
        (
            "? checkedPage(body) :",
            "? { point_samples: body.data ?? [], has_more: false } :",
        ),
    ),
)
