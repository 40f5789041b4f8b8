"""Somebody with an API token and without this program: raw calls, uploads and downloads by hand."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import aiohttp

from contract.operator_token import derive_operator_token

if TYPE_CHECKING:
    from rehearsal.local import Local

Bindings = list[dict[str, Any]]
TAG = "workers/tag"


async def call(local: Local, method: str, path: str, **sent: Any) -> Any:
    """Ask the account's API and return the result; ClientResponseError when it refuses."""
    environment = local.environment
    url = f"{environment['CLOUDFLARE_BASE_URL']}/accounts/{environment['CLOUDFLARE_ACCOUNT_ID']}/{path}"
    token = {"Authorization": f"Bearer {environment['CLOUDFLARE_API_TOKEN']}"}
    async with (
        aiohttp.ClientSession(raise_for_status=True) as client,
        client.request(method, url, headers=token, **sent) as answer,
    ):
        body: dict[str, Any] = await answer.json()
    return body["result"]


async def script(local: Local, method: str, what: str = "", **sent: Any) -> Any:
    """Ask the API about the program's worker."""
    return await call(local, method, f"workers/scripts/{local.worker_name}{what}", **sent)


async def versions(local: Local) -> list[dict[str, Any]]:
    """Return the worker's versions, newest first, as the raw API shows them."""
    return list((await script(local, "GET", "/versions"))["items"])


async def serve(local: Local, shares: Mapping[str, float]) -> None:
    """Give versions, by id, their shares of the requests in percent."""
    items = [{"version_id": version, "percentage": share} for version, share in shares.items()]
    await script(local, "POST", "/deployments?force=true", json={"strategy": "percentage", "versions": items})


async def upload(
    local: Local,
    *,
    code: bytes | None = None,
    edit: Callable[[Bindings], Bindings] = lambda bindings: bindings,
    tag: Callable[[str], str] | None = None,
    name: str | None = None,
) -> None:
    """Upload code (by default what is live) with the live bindings, edited, every secret inherited.

    ``tag`` makes a mark of the one that the newest version carries; without it there is none, as by hand. ``name`` is
    another worker than the backfill's.
    """
    name = local.worker_name if name is None else name
    live = await call(local, "GET", f"workers/scripts/{name}/settings")
    secret = [{"name": item["name"], "type": "inherit"} for item in live["bindings"] if item["type"] == "secret_text"]
    plain = edit([item for item in live["bindings"] if item["type"] != "secret_text"])
    metadata: dict[str, Any] = {
        "main_module": "worker.js",
        "compatibility_date": "2026-04-01",
        "bindings": [*plain, *secret],
    }
    if tag is not None:
        newest = (await versions(local))[0]["annotations"]
        metadata["annotations"] = {TAG: tag(newest[TAG])}
    body = local.cloudflare.account.workers[name].live.main.body if code is None else code
    await put(local, name, body, metadata)


async def put(local: Local, name: str, code: bytes, metadata: Mapping[str, Any]) -> None:
    """Upload a worker of one module, ``worker.js``, with what is said of it."""
    form = aiohttp.FormData()
    form.add_field("metadata", json.dumps(metadata), content_type="application/json")
    form.add_field("worker.js", code, filename="worker.js", content_type="application/javascript+module")
    await call(local, "PUT", f"workers/scripts/{name}", data=form)


async def trigger(local: Local) -> None:
    """Have one batch run, as an operator does."""
    token = derive_operator_token(local.environment["ACE_API_KEY"])
    async with (
        aiohttp.ClientSession(raise_for_status=True) as client,
        client.post(f"{local.worker_url}/trigger", headers={"Authorization": f"Bearer {token}"}) as answer,
    ):
        await answer.read()
