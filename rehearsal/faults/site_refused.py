"""A constant in place of the declared site, and ACE knows it not."""

from __future__ import annotations

from rehearsal import breaking
from rehearsal.faults import Fault

FAULT = Fault(
    breaks="the program asks for a constant site that the key may not see",
    caught_by=("trigger", "logs"),
    blame="worker",
    apply=breaking.program(
        ("/api/sites/${config.site}/timeseries/paginated`", "/api/sites/ses_nowhere/timeseries/paginated`"),
    ),
)
