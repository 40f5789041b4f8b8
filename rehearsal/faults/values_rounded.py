"""Values that are nearly ACE's."""

from __future__ import annotations

from rehearsal import breaking
from rehearsal.faults import Fault

FAULT = Fault(
    breaks="the program rounds the values that it stores",
    caught_by=("proof",),
    blame="worker",
    apply=breaking.program(
        ('"value":${jsonValue(value)}}', '"value":${Math.round(Number(value)) + 1}}'),
    ),
)
