"""ACE lets the key in no longer."""

from __future__ import annotations

from rehearsal import breaking
from rehearsal.ace import AceFault
from rehearsal.faults import Fault

FAULT = Fault(
    breaks="ACE says that the key has expired (401)",
    caught_by=("token", "trigger", "logs"),
    blame="configuration",
    apply=breaking.ace(AceFault.EXPIRED),
)
