"""The bucket is gone."""

from __future__ import annotations

from rehearsal import hand
from rehearsal.faults import Fault
from rehearsal.local import Local


async def _apply(local: Local) -> None:
    for item in (await local.edge.r2_list(local.bucket))["objects"]:
        await local.edge.r2_delete(local.bucket, item["key"])
    await hand.call(local, "DELETE", f"r2/buckets/{local.bucket}")


FAULT = Fault(
    breaks="somebody deleted the bucket",
    caught_by=("health",),
    blame="configuration",
    besides={"r2": "storage", "query": "storage"},
    apply=_apply,
)
