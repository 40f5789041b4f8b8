"""A stored day that is gone: the next batch copies it again."""

from __future__ import annotations

from rehearsal import breaking
from rehearsal.faults import Fault, Verdict

FAULT = Fault(
    breaks="somebody deleted a stored day",
    verdict=Verdict.KEPT,
    apply=breaking.first_day(lambda _: None),
)
