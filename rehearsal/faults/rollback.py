"""An older upload of the program serves again: everything in it is the program's, and nothing is as declared now."""

from __future__ import annotations

from rehearsal import hand
from rehearsal.faults import Fault
from rehearsal.local import Local


async def _apply(local: Local) -> None:
    def smaller(found: hand.Bindings) -> hand.Bindings:
        return [{**item, "text": "5000"} if item["name"] == "PAGE_SIZE" else item for item in found]

    def declared(found: hand.Bindings) -> hand.Bindings:
        return [{**item, "text": "10000"} if item["name"] == "PAGE_SIZE" else item for item in found]

    ours = (await hand.versions(local))[0]["annotations"][hand.TAG]
    await hand.upload(local, edit=smaller, tag=lambda mark: ":".join([*mark.split(":")[:2], *["0" * 12] * 3]))
    older = (await hand.versions(local))[0]["id"]
    await hand.upload(local, edit=declared, tag=lambda _: ours)
    await hand.serve(local, {older: 100})


FAULT = Fault(
    breaks="somebody rolled back to the program's upload before the last one, which had another pageSize",
    caught_by=("secrets", "bindings", "deployed", "health"),
    blame="configuration",
    apply=_apply,
)
