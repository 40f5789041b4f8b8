"""A secret that nothing declares."""

from __future__ import annotations

from rehearsal import hand
from rehearsal.faults import Fault
from rehearsal.local import Local


async def _apply(local: Local) -> None:
    await hand.script(local, "PUT", "/secrets", json={"name": "BY_HAND", "text": "fake-by-hand", "type": "secret_text"})


FAULT = Fault(
    breaks="somebody put a secret that nothing declares",
    caught_by=("secrets", "deployed", "health"),
    blame="configuration",
    apply=_apply,
)
