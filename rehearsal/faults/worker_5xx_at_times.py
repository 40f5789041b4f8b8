"""One request in a hundred fails on its way."""

from __future__ import annotations

from rehearsal import breaking
from rehearsal.faults import Fault, Verdict
from rehearsal.trouble import Kind, Trouble

FAULT = Fault(
    breaks="one request in a hundred to the worker, the first among them, is answered 502 by a proxy",
    verdict=Verdict.KEPT,
    apply=breaking.to_worker(Trouble(kind=Kind.STATUS, every=100)),
)
