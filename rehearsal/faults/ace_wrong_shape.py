"""ACE's payload lies under another key: read carelessly, every day looks empty and complete."""

from __future__ import annotations

from rehearsal import breaking
from rehearsal.ace import AceFault
from rehearsal.faults import Fault

FAULT = Fault(
    breaks="ACE sends its samples under `data` and no longer under `point_samples`",
    caught_by=("token", "trigger", "logs"),
    blame="ace",
    apply=breaking.ace(AceFault.WRONG_SHAPE),
)
