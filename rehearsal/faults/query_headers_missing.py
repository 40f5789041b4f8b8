"""An answer that does not say where it comes from."""

from __future__ import annotations

from rehearsal import breaking
from rehearsal.faults import Fault

FAULT = Fault(
    breaks="the query worker sends neither X-Data-Source nor X-Query-Strategy",
    caught_by=("query",),
    blame="worker",
    settings={"queryWorker": True},
    apply=breaking.query(('{ "X-Data-Source": "R2", "X-Query-Strategy": "R2_ONLY" }', "{}")),
)
