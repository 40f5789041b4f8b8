"""ACE is out."""

from __future__ import annotations

from rehearsal import breaking
from rehearsal.ace import AceFault
from rehearsal.faults import Fault

FAULT = Fault(
    breaks="ACE answers 503 with a proxy's page",
    caught_by=("trigger", "logs"),
    blame="ace",
    seconds=8.0,
    apply=breaking.ace(AceFault.DOWN),
)
