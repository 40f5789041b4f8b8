"""No way to the worker."""

from __future__ import annotations

from rehearsal import breaking
from rehearsal.faults import Fault, Verdict
from rehearsal.trouble import Kind, Trouble

FAULT = Fault(
    breaks="every connection to the worker is reset",
    caught_by=("health", "key"),
    blame="worker",
    verdict=Verdict.NONE,
    seconds=4.0,
    besides={"r2": "worker", "trigger": "worker"},
    apply=breaking.to_worker(Trouble(kind=Kind.RESET)),
)
