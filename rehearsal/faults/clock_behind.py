"""Two clocks, the other way round."""

from __future__ import annotations

from datetime import timedelta

from rehearsal import hand
from rehearsal.cloudflare.api import utc_now
from rehearsal.faults import Fault, Verdict
from rehearsal.local import Local


async def _apply(local: Local) -> None:
    local.cloudflare.account.clock = lambda: utc_now() - timedelta(hours=1)
    await hand.upload(local, tag=lambda ours: ours)


FAULT = Fault(
    breaks="Cloudflare's clock is an hour behind this machine's, and the program was deployed then",
    verdict=Verdict.KEPT,
    apply=_apply,
)
