"""The declared site is not among those of the key."""

from __future__ import annotations

from rehearsal.faults import Fault
from rehearsal.local import Local


async def _apply(local: Local) -> None:
    local.ace.serve(next(iter(local.ace.sites)), None)


FAULT = Fault(
    breaks="ACE does not know the declared site (403, all null)",
    caught_by=("token", "trigger", "logs"),
    blame="configuration",
    apply=_apply,
)
