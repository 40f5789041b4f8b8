"""gzip said twice, in one object."""

from __future__ import annotations

from dataclasses import replace

from rehearsal import breaking
from rehearsal.faults import Fault

FAULT = Fault(
    breaks="a stored day was written again, and declares Content-Encoding: gzip",
    caught_by=("r2",),
    blame="worker",
    apply=breaking.first_day(lambda day: replace(day, http={**day.http, "contentEncoding": "gzip"})),
)
