"""A proxy answers in the worker's place."""

from __future__ import annotations

from rehearsal import breaking
from rehearsal.faults import Fault
from rehearsal.trouble import Kind, Trouble

FAULT = Fault(
    breaks="every request to the worker is answered 502 by a proxy",
    caught_by=("health",),
    blame="worker",
    seconds=4.0,
    besides={"key": "worker", "trigger": "worker", "r2": "worker"},
    apply=breaking.to_worker(Trouble(kind=Kind.STATUS)),
)
