"""Restore a deployed local system: workers, buckets, queues and objects as they were, no message and no fault."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rehearsal.cloudflare.queues import Queue
from rehearsal.cloudflare.state import Bucket, WorkerRecord
from rehearsal.cloudflare.token_access import TokenAccess
from rehearsal.local_system import LocalSystem

Objects = Mapping[str, tuple[Mapping[str, Any], bytes]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """A local system at one moment, as frozen data."""

    workers: Mapping[str, WorkerRecord]
    buckets: Mapping[str, Bucket]
    queues: Mapping[str, Queue]
    objects: Objects

    @classmethod
    async def take(cls, local: LocalSystem) -> Snapshot:
        """Record a local system."""
        account = local.cloudflare.account
        return cls(
            workers=dict(account.workers),
            buckets=dict(account.buckets),
            queues=dict(account.broker.queues),
            objects=await _read_objects(local),
        )

    async def restore(self, local: LocalSystem) -> None:
        """Restore the local system. A changed worker loses its memory, as after any deployment."""
        account = local.cloudflare.account
        local.ace.restore()
        local.cloudflare.network.fault = None
        await local.edge.set_network_fault(local.worker_name, None)
        await local.reset_clock()
        account.clock = local.clock.now
        account.access = TokenAccess()
        async with account.changing:
            for name in account.workers.keys() - self.workers.keys():
                await local.edge.remove(name)
                del account.workers[name]
            account.buckets = dict(self.buckets)
            account.broker.clear()
            account.broker.replace(self.queues)
            for worker in self.workers.values():
                await account.publish(worker)
        await self._restore_objects(local)

    async def _restore_objects(self, local: LocalSystem) -> None:
        found = await _read_objects(local)
        for key in found.keys() - self.objects.keys():
            await local.edge.r2_delete(local.bucket, key)
        for key, (about, body) in self.objects.items():
            if found.get(key) != (about, body):
                metadata = {"http_metadata": about["http_metadata"], "custom_metadata": about["custom_metadata"]}
                await local.edge.r2_put(local.bucket, key, body, **metadata)


async def _read_objects(local: LocalSystem) -> dict[str, tuple[dict[str, Any], bytes]]:
    listing = await local.edge.r2_list(local.bucket)
    found = {item["key"]: await local.edge.r2_get(local.bucket, item["key"]) for item in listing["objects"]}
    return {key: item for key, item in found.items() if item is not None}
