"""There is no worker any more."""

from __future__ import annotations

from rehearsal import breaking
from rehearsal.faults import Fault

FAULT = Fault(
    breaks="somebody deleted the worker",
    caught_by=("secrets", "bindings", "deployed", "health", "key"),
    blame="configuration",
    apply=breaking.script("DELETE", ""),
)
