"""ACE's cursor stands still."""

from __future__ import annotations

from rehearsal import breaking
from rehearsal.ace import AceFault
from rehearsal.faults import Fault

FAULT = Fault(
    breaks="ACE sends the first page again, whatever the cursor",
    caught_by=("trigger", "logs"),
    blame="ace",
    apply=breaking.ace(AceFault.STALL),
)
