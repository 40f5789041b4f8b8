"""A rehearsal's key, half a year after its end: ACE knows it no longer, and says so in the words for a wrong one."""

from __future__ import annotations

from rehearsal import environment
from rehearsal.faults import Fault
from rehearsal.local import Local


async def _apply(local: Local) -> None:
    local.ace.accept("fake-key-that-was-issued-since")


FAULT = Fault(
    breaks="the declared key expired half a year ago, and ACE answers it with 500, as it does a wrong one",
    caught_by=("config", "token"),
    blame="configuration",
    environment=lambda: {"ACE_API_KEY": environment.fake_key(days=-182)},
    apply=_apply,
)
