"""ACE's cursor defect, met by a program that follows the cursor as it is."""

from __future__ import annotations

from rehearsal import breaking
from rehearsal.faults import Fault

FAULT = Fault(
    breaks="the program takes small pages and follows ACE's own cursor, which then stands still",
    caught_by=("trigger", "logs"),
    blame="worker",
    apply=breaking.program(
        ("page_size: config.pageSize, raw_data", 'page_size: "10", raw_data'),
        ("cursor = nextCursor(cursor, page.next_cursor, times);", "cursor = { text: page.next_cursor };"),
    ),
)
