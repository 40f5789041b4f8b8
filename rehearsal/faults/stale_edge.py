"""After a deployment the edge goes on serving the older version for a while."""

from __future__ import annotations

from rehearsal import stale
from rehearsal.faults import Fault, Verdict

FAULT = Fault(
    breaks="the edge serves the older version for 12 s after a deployment",
    verdict=Verdict.KEPT,
    waits=10.0,
    apply=stale.for_seconds(12.0),
)
