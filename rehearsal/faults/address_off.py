"""Nobody answers at the worker's address."""

from __future__ import annotations

from rehearsal import breaking
from rehearsal.faults import Fault

FAULT = Fault(
    breaks="somebody switched the worker's address off",
    caught_by=("health", "key"),
    blame="configuration",
    apply=breaking.script("DELETE", "/subdomain"),
)
