"""An older upload of the program serves again: everything in it is the program's, and nothing is as declared now."""

from __future__ import annotations

from rehearsal.faults import Fault, serve, versions
from rehearsal.local import STACK, Local


async def _apply(local: Local) -> None:
    older = (await versions(local))[0]["id"]
    await local.pulumi("config", "set", "pageSize", "5000", "--stack", STACK)
    await local.pulumi("up", "--yes", "--skip-preview", "--non-interactive")
    await serve(local, {older: 100})


FAULT = Fault(
    breaks="somebody rolled back to the program's upload before the last one, which had another pageSize",
    caught_by=("secrets", "bindings", "deployed", "health"),
    blame="config",
    apply=_apply,
)
