"""The requests are split over two versions: half of them meet another worker than the one that was deployed."""

from __future__ import annotations

from rehearsal import hand
from rehearsal.faults import Fault
from rehearsal.local import Local


async def _apply(local: Local) -> None:
    ours = (await hand.versions(local))[0]["id"]
    await hand.upload(local)
    other = (await hand.versions(local))[0]["id"]
    await hand.serve(local, {ours: 50, other: 50})


FAULT = Fault(
    breaks="somebody gave another version half of the requests (a gradual deployment that never ended)",
    caught_by=("secrets", "deployed"),
    blame="configuration",
    besides={"health": "configuration"},
    apply=_apply,
)
