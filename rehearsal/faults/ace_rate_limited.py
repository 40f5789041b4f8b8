"""ACE asks for patience, and goes on asking."""

from __future__ import annotations

from rehearsal import breaking
from rehearsal.ace import AceFault
from rehearsal.faults import Fault

FAULT = Fault(
    breaks="ACE answers 429 with Retry-After to every request",
    caught_by=("trigger", "logs"),
    blame="ace",
    seconds=8.0,
    apply=breaking.ace(AceFault.RATE_LIMITED),
)
