"""What can go wrong, one file a fault: what it breaks, who must notice, and how it is done to a running rehearsal."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import aiohttp

if TYPE_CHECKING:
    from rehearsal.local import Local


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One fault: ``apply`` does it after a deployment, ``end`` undoes it where ``pulumi up`` is not the cure."""

    breaks: str
    caught_by: tuple[str, ...]
    blame: str
    apply: Callable[[Local], Awaitable[None]]
    end: Callable[[Local], Awaitable[None]] | None = None


async def versions(local: Local) -> list[dict[str, Any]]:
    """Return the worker's versions, newest first, as the raw API shows them."""
    shown = await _asked(local, "GET", "versions")
    return list(shown["items"])


async def serve(local: Local, shares: Mapping[str, float]) -> None:
    """Give versions, by id, their shares of the requests in percent, by the raw API."""
    items = [{"version_id": version, "percentage": share} for version, share in shares.items()]
    await _asked(local, "POST", "deployments", json={"strategy": "percentage", "versions": items})


async def _asked(local: Local, method: str, what: str, **sent: Any) -> dict[str, Any]:
    environment = local.environment
    base, account = environment["CLOUDFLARE_BASE_URL"], environment["CLOUDFLARE_ACCOUNT_ID"]
    url = f"{base}/accounts/{account}/workers/scripts/{local.worker_name}/{what}"
    token = {"Authorization": f"Bearer {environment['CLOUDFLARE_API_TOKEN']}"}
    async with (
        aiohttp.ClientSession(raise_for_status=True) as client,
        client.request(method, url, headers=token, **sent) as answer,
    ):
        body: dict[str, Any] = await answer.json()
    result: dict[str, Any] = body["result"]
    return result


def catalogue() -> Mapping[str, Fault]:
    """Return every fault by its name: the file's stem, with hyphens."""
    return {
        module.name.replace("_", "-"): importlib.import_module(f"{__name__}.{module.name}").FAULT
        for module in pkgutil.iter_modules(__path__)
    }
