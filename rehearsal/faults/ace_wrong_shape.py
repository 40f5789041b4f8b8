"""ACE's payload lies under another key: read carelessly, every day looks empty and complete."""

from __future__ import annotations

from rehearsal.ace import AceFault
from rehearsal.faults import Fault
from rehearsal.local import Local


async def _apply(local: Local) -> None:
    local.ace.fault = AceFault.WRONG_SHAPE


async def _end(local: Local) -> None:
    local.ace.fault = None


FAULT = Fault(
    breaks="ACE sends its samples under `data` and no longer under `point_samples`",
    caught_by=("trigger",),
    blame="upstream",
    apply=_apply,
    end=_end,
)
