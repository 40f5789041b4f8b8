"""A way to Cloudflare's API that breaks at times."""

from __future__ import annotations

from rehearsal import breaking
from rehearsal.faults import Fault, Verdict
from rehearsal.trouble import Kind, Trouble

FAULT = Fault(
    breaks="every third connection to Cloudflare's API is reset",
    verdict=Verdict.KEPT,
    apply=breaking.to_api(Trouble(kind=Kind.RESET, every=3)),
)
