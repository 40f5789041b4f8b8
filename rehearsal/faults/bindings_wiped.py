"""An upload by hand that knows of the bucket and of no setting: what an upload does not name, it wipes."""

from __future__ import annotations

from rehearsal import breaking
from rehearsal.faults import Fault

FAULT = Fault(
    breaks="somebody uploaded, as `wrangler deploy` does, with a configuration that binds the bucket and no plain text",
    caught_by=("secrets", "bindings", "deployed", "health", "r2"),
    blame="configuration",
    apply=breaking.bindings(lambda found: [item for item in found if item["name"] == "BUCKET"]),
)
