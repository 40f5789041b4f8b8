"""The public addresses of R2 buckets: r2.dev and custom domains.

Source: the official clients' types for ``domains/managed`` and ``domains/custom``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from aiohttp import web

from rehearsal.cloudflare.account import Account, read_json_object
from rehearsal.cloudflare.products.r2_buckets import find_bucket, save
from rehearsal.cloudflare.responses import RefusalError, respond
from rehearsal.cloudflare.state import Bucket

PATH = "r2/buckets/{bucket}/domains"


def make_routes(account: Account) -> Iterable[web.RouteDef]:
    """Return the routes of a bucket's public addresses."""
    return [
        account.make_route("GET", f"{PATH}/managed", show_managed),
        account.make_route("PUT", f"{PATH}/managed", switch_managed),
        account.make_route("GET", f"{PATH}/custom", list_custom),
        account.make_route("POST", f"{PATH}/custom", attach_custom),
        account.make_route("DELETE", f"{PATH}/custom/{{domain}}", remove_custom),
    ]


async def show_managed(account: Account, request: web.Request) -> web.Response:
    """Show the r2.dev address. Each bucket has one, and it is disabled at first."""
    return respond(_describe_managed(find_bucket(account, request)))


async def switch_managed(account: Account, request: web.Request) -> web.Response:
    """Enable or disable the r2.dev address."""
    enabled = (await read_json_object(request)).get("enabled")
    if not isinstance(enabled, bool):
        raise RefusalError(400, 10021, "`enabled` must be true or false")
    return respond(_describe_managed(save(account, replace(find_bucket(account, request), public=enabled))))


async def list_custom(account: Account, request: web.Request) -> web.Response:
    """List the custom domains."""
    return respond({"domains": [dict(item) for item in find_bucket(account, request).domains]})


async def attach_custom(account: Account, request: web.Request) -> web.Response:
    """Attach a custom domain. The local Cloudflare has no zones, so every zone counts as the account's."""
    asked, bucket = await read_json_object(request), find_bucket(account, request)
    domain, zone = asked.get("domain"), asked.get("zoneId")
    if not isinstance(domain, str) or not isinstance(zone, str):
        raise RefusalError(400, 10021, "`domain` and `zoneId` are required")
    enabled, least = asked.get("enabled") is True, asked.get("minTLS") or "1.0"
    item = {"domain": domain, "enabled": enabled, "minTLS": least, "zoneId": zone, "zoneName": domain}
    item["status"] = {"ownership": "active", "ssl": "active"}
    others = tuple(other for other in bucket.domains if other["domain"] != domain)
    save(account, replace(bucket, domains=(*others, item)))
    return respond({"domain": domain, "enabled": enabled, "minTLS": least})


async def remove_custom(account: Account, request: web.Request) -> web.Response:
    """Remove a custom domain."""
    bucket, domain = find_bucket(account, request), request.match_info["domain"]
    save(account, replace(bucket, domains=tuple(item for item in bucket.domains if item["domain"] != domain)))
    return respond({"domain": domain})


def _describe_managed(bucket: Bucket) -> dict[str, Any]:
    bucket_id = hashlib.sha256(bucket.edge_name.encode()).hexdigest()[:32]
    return {"bucketId": bucket_id, "domain": f"pub-{bucket_id}.r2.dev", "enabled": bucket.public}
