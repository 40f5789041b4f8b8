"""A binding that nothing declares."""

from __future__ import annotations

from rehearsal import breaking
from rehearsal.faults import Fault

FAULT = Fault(
    breaks="somebody bound a KV namespace that nothing declares",
    caught_by=("secrets", "bindings", "deployed", "health"),
    blame="configuration",
    apply=breaking.bindings(lambda found: [*found, {"name": "KV", "type": "kv_namespace", "namespace_id": "0f" * 16}]),
)
