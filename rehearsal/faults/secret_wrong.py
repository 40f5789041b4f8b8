"""Another key than the declared one is live: everything looks attached."""

from __future__ import annotations

from rehearsal.faults import Fault
from rehearsal.local import Local


async def _apply(local: Local) -> None:
    await local.wrangler("secret", "put", "ACE_API_KEY", "--name", local.worker_name, given="fake-key-put-by-hand")


FAULT = Fault(
    breaks="somebody ran `wrangler secret put ACE_API_KEY` with another value after the deployment",
    caught_by=("secrets", "deployed", "health", "key"),
    blame="config",
    apply=_apply,
)
