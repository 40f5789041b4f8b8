"""A slow way to Cloudflare's API."""

from __future__ import annotations

from rehearsal import breaking
from rehearsal.faults import Fault, Verdict
from rehearsal.trouble import Kind, Trouble

FAULT = Fault(
    breaks="every request to Cloudflare's API takes 0.2 s longer",
    verdict=Verdict.KEPT,
    apply=breaking.to_api(Trouble(kind=Kind.DELAY, seconds=0.2)),
)
