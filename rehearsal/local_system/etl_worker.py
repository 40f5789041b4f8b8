"""An ETL worker in the local system, deployed outside this program as another team deploys its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rehearsal.local_system import outside_pulumi

if TYPE_CHECKING:
    from rehearsal.local_system import LocalSystem

NAME = "etl"  # the value of the setting etlWorker in a rehearsal


async def deploy_etl_worker(local: LocalSystem, *, code: bytes | None = None, key: str | None = None) -> None:
    """Deploy the worker and open its address. Default: the live backfill worker's code and the declared key."""
    live = await outside_pulumi.call_script_api(local, "GET", "/settings")
    plain = [item for item in live["bindings"] if item["type"] != "secret_text"]
    secret = {"name": "ACE_API_KEY", "type": "secret_text", "text": key or local.environment["ACE_API_KEY"]}
    body = local.cloudflare.account.workers[local.worker_name].live.main.body if code is None else code
    await outside_pulumi.put_script(local, NAME, body, bindings=[*plain, secret])
    await outside_pulumi.call_api(local, "POST", f"workers/scripts/{NAME}/subdomain", json={"enabled": True})
