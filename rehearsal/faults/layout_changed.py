"""Another layout of objects than the declared one."""

from __future__ import annotations

from rehearsal import breaking
from rehearsal.faults import Fault

FAULT = Fault(
    breaks="the program writes its objects elsewhere than keyTemplate says",
    caught_by=("r2",),
    blame="worker",
    apply=breaking.program(
        (
            'keyTemplate.replace("{site}", site).replace("{date}", date);',
            "`data/${date}/${site}.ndjson.gz`;",
        ),
    ),
)
