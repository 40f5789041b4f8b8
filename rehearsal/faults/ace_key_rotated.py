"""The declared key is no longer ACE's."""

from __future__ import annotations

from rehearsal.faults import Fault
from rehearsal.local import Local


async def _apply(local: Local) -> None:
    local.ace.accept("fake-key-after-a-rotation")


FAULT = Fault(
    breaks="ACE knows another key than the declared one (it answers 500)",
    caught_by=("token", "trigger", "logs"),
    blame="configuration",
    apply=_apply,
)
