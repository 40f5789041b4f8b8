"""An edge that lags behind: the control plane has deployed a version, and the older one is still served."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rehearsal.local import Local


def for_seconds(seconds: float) -> Callable[[Local], Awaitable[None]]:
    """Deploy the live version once more, as another ``pulumi up`` would, and let the edge follow after ``seconds``."""

    async def apply(local: Local) -> None:
        account = local.cloudflare.account
        before = account.workers[local.worker_name]
        latest = before.live
        newer = replace(latest, id=str(uuid.uuid4()), number=before.latest.number + 1, created_on=account.now())
        async with account.changing:
            after = await account.release(before, newer)
            await account.publish(before)  # the edge is as before …
            account.workers[local.worker_name] = after  # … and the control plane is not
        asyncio.get_running_loop().call_later(seconds, _follow, local)

    return apply


def _follow(local: Local) -> None:
    async def publish() -> None:
        account = local.cloudflare.account
        async with account.changing:
            await account.publish(account.workers[local.worker_name])

    _tasks.add(task := asyncio.ensure_future(publish()))
    task.add_done_callback(_tasks.discard)


_tasks: set[asyncio.Future[None]] = set()
