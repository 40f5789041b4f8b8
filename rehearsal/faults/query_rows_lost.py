"""Rows that are stored, and not served."""

from __future__ import annotations

from rehearsal import breaking
from rehearsal.faults import Fault

FAULT = Fault(
    breaks="the query worker loses the samples at the very start of the range",
    caught_by=("query",),
    blame="worker",
    settings={"queryWorker": True},
    apply=breaking.query(("|| timestamp < start ||", "|| timestamp <= start ||")),
)
