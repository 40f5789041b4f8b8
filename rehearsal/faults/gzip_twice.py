"""A day compressed twice."""

from __future__ import annotations

from rehearsal import breaking
from rehearsal.faults import Fault

FAULT = Fault(
    breaks="the program compresses each day twice",
    caught_by=("r2", "query"),
    blame="worker",
    apply=breaking.program(
        (
            "return { body: new Blob(chunks), sha256",
            'const twice = new Blob(chunks).stream().pipeThrough(new CompressionStream("gzip"));\n'
            "return { body: await new Response(twice).blob(), sha256",
        ),
    ),
)
