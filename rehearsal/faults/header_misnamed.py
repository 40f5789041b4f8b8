"""A key that travels under a name that ACE does not read."""

from __future__ import annotations

from rehearsal import breaking
from rehearsal.faults import Fault

FAULT = Fault(
    breaks="the program sends its key under another header, so that ACE sees none (401)",
    caught_by=("trigger", "logs"),
    blame="worker",
    apply=breaking.program(
        ('headers.set("Authorization", `Bearer ${key}`);', 'headers.set("X-Api-Key", key);'),
    ),
)
