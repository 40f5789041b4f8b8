"""The worker's answers break off."""

from __future__ import annotations

from rehearsal import breaking
from rehearsal.faults import Fault, Verdict
from rehearsal.trouble import Kind, Trouble

FAULT = Fault(
    breaks="every answer of the worker ends in the middle",
    caught_by=("health", "key"),
    blame="worker",
    verdict=Verdict.NONE,
    seconds=4.0,
    besides={"r2": "worker", "trigger": "worker"},
    apply=breaking.to_worker(Trouble(kind=Kind.TRUNCATED)),
)
