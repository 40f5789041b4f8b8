"""An ETL worker beside the backfill worker, as another team deploys its own: it knows the operator by the same key."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rehearsal import hand

if TYPE_CHECKING:
    from rehearsal.local import Local

NAME = "etl"  # what the setting etlWorker calls it in a rehearsal


async def deploy(local: Local, *, code: bytes | None = None, key: str | None = None) -> None:
    """Deploy it by hand, by default the live backfill worker's code and the declared key, and open its address."""
    ours = await hand.script(local, "GET", "/settings")
    plain = [item for item in ours["bindings"] if item["type"] != "secret_text"]
    held = {"name": "ACE_API_KEY", "type": "secret_text", "text": key or local.environment["ACE_API_KEY"]}
    metadata = {"main_module": "worker.js", "compatibility_date": "2026-04-01", "bindings": [*plain, held]}
    body = local.cloudflare.account.workers[local.worker_name].live.main.body if code is None else code
    await hand.put(local, NAME, body, metadata)
    await hand.call(local, "POST", f"workers/scripts/{NAME}/subdomain", json={"enabled": True})
