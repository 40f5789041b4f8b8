"""Changes of the local system outside Pulumi: calls of Cloudflare's API and uploads, as an operator makes them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import aiohttp

from contract.operator_token import derive_operator_token

if TYPE_CHECKING:
    from rehearsal.local_system import LocalSystem

Bindings = list[dict[str, Any]]
EditBindings = Callable[[Bindings], Bindings]
TAG = "workers/tag"
MODULE = "worker.js"
COMPATIBILITY_DATE = "2026-04-01"
ETL_WORKER = "etl"  # the value of the setting etlWorker in a rehearsal


async def call_api(local: LocalSystem, method: str, path: str, **sent: Any) -> Any:
    """Call the account's API and return the result. Raises ClientResponseError when the API refuses."""
    environment = local.environment
    url = f"{environment['CLOUDFLARE_BASE_URL']}/accounts/{environment['CLOUDFLARE_ACCOUNT_ID']}/{path}"
    token = {"Authorization": f"Bearer {environment['CLOUDFLARE_API_TOKEN']}"}
    async with (
        aiohttp.ClientSession(raise_for_status=True) as client,
        client.request(method, url, headers=token, **sent) as answer,
    ):
        body: dict[str, Any] = await answer.json()
    return body["result"]


async def call_script_api(local: LocalSystem, method: str, path: str = "", **sent: Any) -> Any:
    """Call the API below the script of the backfill worker. ``path`` starts with a slash."""
    return await call_api(local, method, f"workers/scripts/{local.worker_name}{path}", **sent)


async def delete_worker(local: LocalSystem) -> None:
    """Delete the backfill worker, after its consumers, because Cloudflare keeps the consumer of a queue."""
    for end in ("days", "dead-days"):
        for queue in await call_api(local, "GET", f"queues?name={local.worker_name}-{end}"):
            for consumer in queue["consumers"]:
                await call_api(local, "DELETE", f"queues/{queue['queue_id']}/consumers/{consumer['consumer_id']}")
    await call_script_api(local, "DELETE")


async def list_versions(local: LocalSystem) -> list[dict[str, Any]]:
    """Return the worker's versions, newest first, as the API shows them."""
    return list((await call_script_api(local, "GET", "/versions"))["items"])


async def deploy_versions(local: LocalSystem, shares: Mapping[str, float]) -> None:
    """Give versions, by id, their shares of the requests in percent."""
    items = [{"version_id": version, "percentage": share} for version, share in shares.items()]
    await call_script_api(local, "POST", "/deployments?force=true", json={"strategy": "percentage", "versions": items})


async def upload_script(
    local: LocalSystem,
    *,
    code: bytes | None = None,
    edit: EditBindings = lambda bindings: bindings,
    tag: Callable[[str], str] | None = None,
    name: str | None = None,
) -> None:
    """Upload code (default: the live code) with the live limits and bindings, edited, and with every secret inherited.

    ``tag`` makes the tag of the upload from the tag of the newest version. Without it the upload has no tag, as an
    upload outside Pulumi. ``name`` is another worker than the backfill worker.
    """
    name = local.worker_name if name is None else name
    live = await call_api(local, "GET", f"workers/scripts/{name}/settings")
    secrets = [{"name": item["name"], "type": "inherit"} for item in live["bindings"] if item["type"] == "secret_text"]
    plain = edit([item for item in live["bindings"] if item["type"] != "secret_text"])
    annotations: dict[str, str] = {}
    if tag is not None:
        annotations[TAG] = tag((await list_versions(local))[0]["annotations"][TAG])
    body = local.cloudflare.account.workers[name].live.main.body if code is None else code
    await put_script(local, name, body, bindings=[*plain, *secrets], annotations=annotations, limits=live.get("limits"))


async def put_script(
    local: LocalSystem,
    name: str,
    code: bytes,
    *,
    bindings: Bindings,
    annotations: Mapping[str, str] | None = None,
    limits: Mapping[str, int] | None = None,
) -> None:
    """Upload a worker of one module with exactly these bindings and limits."""
    metadata: dict[str, Any] = {
        "main_module": MODULE,
        "compatibility_date": COMPATIBILITY_DATE,
        "bindings": bindings,
        **({"annotations": dict(annotations)} if annotations else {}),
        **({"limits": dict(limits)} if limits else {}),
    }
    form = aiohttp.FormData()
    form.add_field("metadata", json.dumps(metadata), content_type="application/json")
    form.add_field(MODULE, code, filename=MODULE, content_type="application/javascript+module")
    await call_api(local, "PUT", f"workers/scripts/{name}", data=form)


async def deploy_etl_worker(local: LocalSystem, *, code: bytes | None = None, key: str | None = None) -> None:
    """Deploy an ETL worker, as another team does. Default: the live backfill worker's code and the declared key."""
    live = await call_script_api(local, "GET", "/settings")
    plain = [item for item in live["bindings"] if item["type"] != "secret_text"]
    secret = {"name": "ACE_API_KEY", "type": "secret_text", "text": key or local.environment["ACE_API_KEY"]}
    body = local.cloudflare.account.workers[local.worker_name].live.main.body if code is None else code
    await put_script(local, ETL_WORKER, body, bindings=[*plain, secret])
    await call_api(local, "POST", f"workers/scripts/{ETL_WORKER}/subdomain", json={"enabled": True})


async def trigger_batch(local: LocalSystem) -> None:
    """Let the worker run one batch, as an operator does by POST /trigger."""
    token = derive_operator_token(local.environment["ACE_API_KEY"])
    async with (
        aiohttp.ClientSession(raise_for_status=True) as client,
        client.post(f"{local.worker_url}/trigger", headers={"Authorization": f"Bearer {token}"}) as answer,
    ):
        await answer.read()
