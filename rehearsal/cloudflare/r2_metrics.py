"""The one question that wrangler puts to Cloudflare's GraphQL API: how much is in a bucket."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from aiohttp import web

from rehearsal.cloudflare.api import Api, json_object

PAGE = 1000


def routes(api: Api) -> Iterable[web.RouteDef]:
    """Serve the storage metrics of a bucket."""
    return [api.route("POST", "/graphql", metrics)]


async def metrics(api: Api, request: web.Request) -> web.Response:
    """Count objects and bytes as they are now (Cloudflare's figures lag); any other query is refused."""
    asked = await json_object(request)
    wanted = (asked.get("variables") or {}).get("filter") or {}
    if "r2StorageAdaptiveGroups" not in str(asked.get("query")) or "bucketName" not in wanted:
        message = "the local Cloudflare answers only getR2StorageMetrics"
        return web.json_response({"data": None, "errors": [{"message": message}]})
    count, size = await _measure(api, str(wanted["bucketName"]))
    group = {
        "max": {"objectCount": count, "payloadSize": size, "metadataSize": 0},
        "dimensions": {"datetime": api.now()},
    }
    data = {"viewer": {"accounts": [{"r2StorageAdaptiveGroups": [group]}]}}
    return web.json_response({"data": data, "errors": None})


async def _measure(api: Api, edge_name: str) -> tuple[int, int]:
    count = size = 0
    page: dict[str, Any] = {"truncated": edge_name in api.buckets, "cursor": None}
    while page["truncated"]:
        page = await api.edge.r2_list(edge_name, cursor=page["cursor"], limit=PAGE)
        count += len(page["objects"])
        size += sum(item["size"] for item in page["objects"])
    return count, size
