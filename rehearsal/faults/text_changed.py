"""A plain text that is not the declared one."""

from __future__ import annotations

from rehearsal import breaking
from rehearsal.faults import Fault

FAULT = Fault(
    breaks="somebody changed the plain text SITE by an upload",
    caught_by=("secrets", "bindings", "deployed", "health"),
    blame="configuration",
    besides={"trigger": "configuration"},
    apply=breaking.bindings(
        lambda found: [{**item, "text": "ses_by_hand"} if item["name"] == "SITE" else item for item in found]
    ),
)
