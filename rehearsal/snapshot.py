"""A deployed world put back as it was: what the control plane remembers, what is stored, and no trouble anywhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rehearsal.cloudflare.api import utc_now
from rehearsal.cloudflare.state import Bucket, Worker
from rehearsal.local import Local

Objects = Mapping[str, tuple[Mapping[str, Any], bytes]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """What a world was at one moment; all of it is frozen data."""

    workers: Mapping[str, Worker]
    buckets: Mapping[str, Bucket]
    objects: Objects

    @classmethod
    async def take(cls, local: Local) -> Snapshot:
        """Remember a world."""
        account = local.cloudflare.account
        return cls(workers=dict(account.workers), buckets=dict(account.buckets), objects=await _objects(local))

    async def restore(self, local: Local) -> None:
        """Put the world back; a worker's own memory is lost, as after any deployment, if it was another one."""
        account = local.cloudflare.account
        local.ace.restore()
        local.cloudflare.road.trouble = None
        await local.edge.trouble(local.worker_name, None)
        account.clock = utc_now
        async with account.changing:
            for name in account.workers.keys() - self.workers.keys():
                await local.edge.remove(name)
                del account.workers[name]
            account.buckets = dict(self.buckets)
            for worker in self.workers.values():
                await account.publish(worker)
        await self._restore_objects(local)

    async def _restore_objects(self, local: Local) -> None:
        found = await _objects(local)
        for key in found.keys() - self.objects.keys():
            await local.edge.r2_delete(local.bucket, key)
        for key, (about, body) in self.objects.items():
            if found.get(key) != (about, body):
                metadata = {"http_metadata": about["http_metadata"], "custom_metadata": about["custom_metadata"]}
                await local.edge.r2_put(local.bucket, key, body, **metadata)


async def _objects(local: Local) -> dict[str, tuple[dict[str, Any], bytes]]:
    listing = await local.edge.r2_list(local.bucket)
    found = {item["key"]: await local.edge.r2_get(local.bucket, item["key"]) for item in listing["objects"]}
    return {key: item for key, item in found.items() if item is not None}
