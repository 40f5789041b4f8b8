"""gzip said twice: some clients decompress twice, others not at all."""

from __future__ import annotations

from rehearsal import breaking
from rehearsal.faults import Fault

FAULT = Fault(
    breaks="the program's objects are named .gz and declare Content-Encoding: gzip too",
    caught_by=("r2",),
    blame="worker",
    apply=breaking.program(
        (
            'httpMetadata: { contentType: "application/x-ndjson" },',
            'httpMetadata: { contentType: "application/x-ndjson", contentEncoding: "gzip" },',
        ),
    ),
)
