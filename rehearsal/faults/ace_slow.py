"""ACE takes its time."""

from __future__ import annotations

from rehearsal.faults import Fault, Verdict
from rehearsal.local import Local


async def _apply(local: Local) -> None:
    local.ace.latency = 0.3


FAULT = Fault(
    breaks="ACE takes 0.3 s longer for every answer",
    verdict=Verdict.KEPT,
    apply=_apply,
)
