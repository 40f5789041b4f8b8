"""A way to the worker that breaks at times."""

from __future__ import annotations

from rehearsal import breaking
from rehearsal.faults import Fault, Verdict
from rehearsal.trouble import Kind, Trouble

FAULT = Fault(
    breaks="every third connection to the worker is reset",
    verdict=Verdict.KEPT,
    apply=breaking.to_worker(Trouble(kind=Kind.RESET, every=3)),
)
