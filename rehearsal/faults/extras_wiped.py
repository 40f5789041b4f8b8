"""Declared bindings to KV and D1 that an upload does not know of: every binding that it does not name is gone."""

from __future__ import annotations

from rehearsal import breaking
from rehearsal.faults import Fault

_EXTRA = (
    {"name": "CACHE", "type": "kv_namespace", "namespace_id": "0c" * 16},
    {"name": "LEDGER", "type": "d1", "id": "0d" * 16},
)
_NAMES = {item["name"] for item in _EXTRA}

FAULT = Fault(
    breaks="somebody uploaded with a configuration that lacks the declared KV and D1 bindings",
    caught_by=("secrets", "bindings", "deployed", "health"),
    blame="configuration",
    settings={"extraBindings": [*_EXTRA]},
    apply=breaking.bindings(lambda found: [item for item in found if item["name"] not in _NAMES]),
)
