"""The requests are split over two versions: half of them meet another worker than the one that was deployed."""

from __future__ import annotations

from rehearsal.faults import Fault, serve, versions
from rehearsal.local import Local


async def _apply(local: Local) -> None:
    ours = (await versions(local))[0]["id"]
    # The same key, put by hand: a second version that works as well as the first.
    key = local.environment["ACE_API_KEY"]
    await local.wrangler("secret", "put", "ACE_API_KEY", "--name", local.worker_name, given=key)
    other = (await versions(local))[0]["id"]
    await serve(local, {ours: 50, other: 50})


FAULT = Fault(
    breaks="somebody gave another version half of the requests (a gradual deployment that never ended)",
    caught_by=("secrets", "deployed"),
    blame="config",
    apply=_apply,
)
