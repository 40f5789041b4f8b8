"""A trigger that anybody may pull, and that forgets all when asked to."""

from __future__ import annotations

from rehearsal import breaking
from rehearsal.faults import Fault

FAULT = Fault(
    breaks="the program's /trigger is open to the world, and accepts `reset`",
    caught_by=("key",),
    blame="worker",
    apply=breaking.program(
        (
            "if (!await isOperator(request, config.key)) {",
            'const reset = new URL(request.url).searchParams.has("reset");\n'
            "const all = reset ? (await config.bucket.list()).objects : [];\n"
            "for (const { key } of all) await config.bucket.delete(key);\n"
            'if (config.key === "") {',
        ),
    ),
)
