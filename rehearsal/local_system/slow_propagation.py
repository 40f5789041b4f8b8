"""A deployment that reaches the edge late: the edge serves the older version meanwhile."""

from __future__ import annotations

import asyncio
import uuid
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rehearsal.local_system import LocalSystem

_tasks: set[asyncio.Future[None]] = set()


async def deploy_slowly(local: LocalSystem, *, seconds: float) -> None:
    """Deploy the live version again, as another ``pulumi up`` does. The edge serves it after ``seconds``."""
    account = local.cloudflare.account
    before = account.workers[local.worker_name]
    latest = before.live
    newer = replace(latest, id=str(uuid.uuid4()), number=before.latest.number + 1, created_on=account.format_now())
    async with account.changing:
        after = await account.release(before, newer)
        await account.publish(before)  # the edge serves the older version …
        account.workers[local.worker_name] = after  # … and the API shows the newer one
    asyncio.get_running_loop().call_later(seconds, _publish_in_background, local)


def _publish_in_background(local: LocalSystem) -> None:
    async def publish() -> None:
        account = local.cloudflare.account
        async with account.changing:
            await account.publish(account.workers[local.worker_name])

    _tasks.add(task := asyncio.ensure_future(publish()))
    task.add_done_callback(_tasks.discard)
