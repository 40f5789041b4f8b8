"""The runbook's incident: the key is not deployed."""

from __future__ import annotations

from rehearsal.faults import Fault
from rehearsal.local import Local


async def _apply(local: Local) -> None:
    await local.wrangler("secret", "delete", "ACE_API_KEY", "--name", local.worker_name)


FAULT = Fault(
    breaks="somebody ran `wrangler secret delete ACE_API_KEY` after the deployment",
    caught_by=("secrets", "deployed", "health", "key"),
    blame="configuration",
    apply=_apply,
)
