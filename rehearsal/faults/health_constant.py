"""A health route that never looks at what it speaks for."""

from __future__ import annotations

from rehearsal import breaking
from rehearsal.faults import Fault

FAULT = Fault(
    breaks="the program's /health is a constant that never looks at its env",
    caught_by=("health",),
    blame="worker",
    apply=breaking.program(
        (
            'const [code, status] = problems.length > 0 ? [503, "unhealthy"] : [200, "healthy"];',
            'const [code, status] = [200, "healthy"];',
        ),
        (
            "return json(code, { status, service: SERVICE, version: VERSION, worker_version: { id, tag } });",
            "return json(code, { status, service: SERVICE, version: VERSION });",
        ),
    ),
)
