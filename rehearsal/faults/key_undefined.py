"""What an unset binding sends."""

from __future__ import annotations

from rehearsal import breaking
from rehearsal.faults import Fault

FAULT = Fault(
    breaks="the program reads a binding that does not exist, and sends `Bearer undefined` (ACE: 500)",
    caught_by=("trigger", "logs"),
    blame="worker",
    apply=breaking.program(
        ('headers.set("Authorization", `Bearer ${key}`);', 'headers.set("Authorization", `Bearer ${key.value}`);'),
    ),
)
