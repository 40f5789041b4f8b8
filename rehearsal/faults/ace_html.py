"""A page for people where JSON was."""

from __future__ import annotations

from rehearsal import breaking
from rehearsal.ace import AceFault
from rehearsal.faults import Fault

FAULT = Fault(
    breaks="ACE answers 200 with a maintenance page",
    caught_by=("token", "trigger", "logs"),
    blame="ace",
    apply=breaking.ace(AceFault.HTML),
)
