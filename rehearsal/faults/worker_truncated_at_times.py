"""The worker's answers break off at times."""

from __future__ import annotations

from rehearsal import breaking
from rehearsal.faults import Fault, Verdict
from rehearsal.trouble import Kind, Trouble

FAULT = Fault(
    breaks="every third answer of the worker ends in the middle",
    verdict=Verdict.KEPT,
    apply=breaking.to_worker(Trouble(kind=Kind.TRUNCATED, every=3)),
)
