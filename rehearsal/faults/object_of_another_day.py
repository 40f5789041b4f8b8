"""The right place, and another day in it."""

from __future__ import annotations

from rehearsal import hand
from rehearsal.faults import Fault
from rehearsal.local import Local


async def _apply(local: Local) -> None:
    await hand.trigger(local)
    first, second, *_ = [item["key"] for item in (await local.edge.r2_list(local.bucket))["objects"]]
    found = await local.edge.r2_get(local.bucket, second)
    if found is not None:
        about, body = found
        await local.edge.r2_put(
            local.bucket, first, body, http_metadata=about["http_metadata"], custom_metadata=about["custom_metadata"]
        )


FAULT = Fault(
    breaks="a stored day was overwritten with another day",
    caught_by=("r2",),
    blame="worker",
    besides={"query": "worker"},  # on the days when it asks for this one
    apply=_apply,
)
