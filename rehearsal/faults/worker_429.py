"""Too many requests, for a moment."""

from __future__ import annotations

from rehearsal import breaking
from rehearsal.faults import Fault, Verdict
from rehearsal.trouble import Kind, Trouble

FAULT = Fault(
    breaks="the first two requests to the worker are answered 429 with Retry-After",
    verdict=Verdict.KEPT,
    waits=1.0,
    apply=breaking.to_worker(Trouble(kind=Kind.STATUS, status=429, retry_after=1, times=2)),
)
