"""A sibling that accepts whatever token it is sent, and so proves nothing of its key."""

from __future__ import annotations

from rehearsal import breaking, sibling
from rehearsal.faults import Fault

FAULT = Fault(
    breaks="the ETL worker lets in whoever asks",
    caught_by=("parity",),
    blame="worker",
    settings={"etlWorker": sibling.NAME},
    apply=breaking.etl(("if (!await isOperator(request, config.key)) {", 'if (config.key === "") {')),
)
