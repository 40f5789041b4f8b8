"""Two workers, two keys."""

from __future__ import annotations

from rehearsal import breaking, sibling
from rehearsal.faults import Fault

FAULT = Fault(
    breaks="the ETL worker holds another key than this one",
    caught_by=("parity",),
    blame="configuration",
    settings={"etlWorker": sibling.NAME},
    apply=breaking.etl(key="fake-key-of-the-etl-worker"),
)
