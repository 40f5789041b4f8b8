"""ACE is out."""

from __future__ import annotations

from rehearsal.ace import AceFault
from rehearsal.faults import Fault
from rehearsal.local import Local


async def _apply(local: Local) -> None:
    local.ace.fault = AceFault.DOWN


async def _end(local: Local) -> None:
    local.ace.fault = None


FAULT = Fault(
    breaks="ACE answers 503 with a proxy's page", caught_by=("trigger",), blame="upstream", apply=_apply, end=_end
)
