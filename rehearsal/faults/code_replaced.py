"""Another program under the worker's name."""

from __future__ import annotations

from rehearsal import hand
from rehearsal.faults import Fault
from rehearsal.local import Local


async def _apply(local: Local) -> None:
    await hand.upload(local, code=b"export default { fetch() { return new Response('by hand') } }")


FAULT = Fault(
    breaks="somebody uploaded other code, and kept every binding",
    caught_by=("secrets", "deployed", "health", "key"),
    blame="configuration",
    besides={"trigger": "configuration"},
    apply=_apply,
)
