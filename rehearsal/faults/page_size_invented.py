"""A page size that ACE does not know."""

from __future__ import annotations

from rehearsal import breaking
from rehearsal.faults import Fault

FAULT = Fault(
    breaks="the program asks for a page_size that ACE refuses (400)",
    caught_by=("trigger", "logs"),
    blame="worker",
    apply=breaking.program(
        ("page_size: config.pageSize, raw_data", 'page_size: "2000", raw_data'),
    ),
)
