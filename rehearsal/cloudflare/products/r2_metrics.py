"""The size of a bucket by Cloudflare's GraphQL API, the only GraphQL query of wrangler."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from aiohttp import web

from rehearsal.cloudflare.account import Account, read_json_object

PAGE_SIZE = 1000


def make_routes(account: Account) -> Iterable[web.RouteDef]:
    """Return the route of the storage metrics."""
    return [account.make_route("POST", "/graphql", show_metrics)]


async def show_metrics(account: Account, request: web.Request) -> web.Response:
    """Count the present objects and bytes (Cloudflare's figures lag). Any other query is refused."""
    asked = await read_json_object(request)
    wanted = (asked.get("variables") or {}).get("filter") or {}
    if "r2StorageAdaptiveGroups" not in str(asked.get("query")) or "bucketName" not in wanted:
        message = "the local Cloudflare answers only getR2StorageMetrics"
        return web.json_response({"data": None, "errors": [{"message": message}]})
    count, size = await _measure(account, str(wanted["bucketName"]))
    group = {
        "max": {"objectCount": count, "payloadSize": size, "metadataSize": 0},
        "dimensions": {"datetime": account.format_now()},
    }
    data = {"viewer": {"accounts": [{"r2StorageAdaptiveGroups": [group]}]}}
    return web.json_response({"data": data, "errors": None})


async def _measure(account: Account, edge_name: str) -> tuple[int, int]:
    count = size = 0
    page: dict[str, Any] = {"truncated": edge_name in account.buckets, "cursor": None}
    while page["truncated"]:
        page = await account.edge.r2_list(edge_name, cursor=page["cursor"], limit=PAGE_SIZE)
        count += len(page["objects"])
        size += sum(item["size"] for item in page["objects"])
    return count, size
