"""A query worker without the bucket."""

from __future__ import annotations

from rehearsal import hand
from rehearsal.faults import Fault
from rehearsal.local import Local


async def _apply(local: Local) -> None:
    def unbound(found: hand.Bindings) -> hand.Bindings:
        return [item for item in found if item["name"] != "BUCKET"]

    await hand.upload(local, edit=unbound, name=local.query_name)


FAULT = Fault(
    breaks="somebody uploaded the query worker with a configuration that does not bind the bucket",
    caught_by=("query",),
    blame="configuration",
    settings={"queryWorker": True},
    apply=_apply,
)
