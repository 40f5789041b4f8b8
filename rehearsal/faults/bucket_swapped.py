"""The right name, and another bucket behind it."""

from __future__ import annotations

from rehearsal import hand
from rehearsal.faults import Fault
from rehearsal.local import Local


async def _apply(local: Local) -> None:
    await hand.call(local, "POST", "r2/buckets", json={"name": "another-bucket"})

    def swapped(found: hand.Bindings) -> hand.Bindings:
        return [{**item, "bucket_name": "another-bucket"} if item["name"] == "BUCKET" else item for item in found]

    await hand.upload(local, edit=swapped)


FAULT = Fault(
    breaks="somebody bound another bucket under the same name",
    caught_by=("secrets", "bindings", "deployed", "health"),
    blame="configuration",
    besides={"r2": "configuration"},
    apply=_apply,
)
