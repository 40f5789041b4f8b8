"""R2 buckets and their lifecycle rules."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from aiohttp import web

from rehearsal.cloudflare.api import Api, json_object
from rehearsal.cloudflare.envelope import ApiError, ok
from rehearsal.cloudflare.state import Bucket, edge_bucket

NAME = re.compile(r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]")
JURISDICTIONS = ("default", "eu", "fedramp")
STORAGE_CLASSES = ("Standard", "InfrequentAccess")
DEFAULT_RULES = (
    {
        "id": "Default Multipart Abort Rule",
        "enabled": True,
        "conditions": {"prefix": ""},
        "abortMultipartUploadsTransition": {"condition": {"type": "Age", "maxAge": 604800}},
    },
)


def routes(api: Api) -> Iterable[web.RouteDef]:
    """Serve the buckets of the account."""
    return [
        api.route("GET", "r2/buckets", listing),
        api.route("POST", "r2/buckets", create),
        api.route("GET", "r2/buckets/{bucket}", show),
        api.route("PATCH", "r2/buckets/{bucket}", patch),
        api.route("DELETE", "r2/buckets/{bucket}", delete),
        api.route("GET", "r2/buckets/{bucket}/lifecycle", show_lifecycle),
        api.route("PUT", "r2/buckets/{bucket}/lifecycle", put_lifecycle),
    ]


def find(api: Api, request: web.Request) -> Bucket:
    """Return the bucket that the path and the jurisdiction header name; raises ApiError 10006."""
    found = api.buckets.get(edge_bucket(request.match_info["bucket"], _jurisdiction(request)))
    if found is None:
        raise ApiError(404, 10006, "The specified bucket does not exist.")
    return found


async def listing(api: Api, request: web.Request) -> web.Response:
    """List the buckets of one jurisdiction by name."""
    jurisdiction = _jurisdiction(request)
    wanted = request.query.get("name_contains", "")
    found = [b for b in api.buckets.values() if b.jurisdiction == jurisdiction and wanted in b.name]
    return ok({"buckets": [_shown(bucket) for bucket in sorted(found, key=lambda bucket: bucket.name)]})


async def create(api: Api, request: web.Request) -> web.Response:
    """Create a bucket; raises ApiError 10005 for its name and 10004 when it exists."""
    asked = await json_object(request)
    name = asked.get("name")
    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise ApiError(400, 10005, "The specified bucket name is not valid.")
    async with api.changing:
        bucket = Bucket(
            name=name,
            jurisdiction=_jurisdiction(request),
            creation_date=api.now(),
            location=str(asked.get("locationHint") or "WNAM").upper(),
            storage_class=_storage_class(asked.get("storageClass") or "Standard"),
            rules=DEFAULT_RULES,
        )
        if bucket.edge_name in api.buckets:
            raise ApiError(409, 10004, "The bucket you tried to create already exists, and you own it.")
        api.buckets[bucket.edge_name] = bucket
        await api.bucket_changed(bucket)
    return ok(_shown(bucket))


async def show(api: Api, request: web.Request) -> web.Response:
    """Show a bucket."""
    return ok(_shown(find(api, request)))


async def patch(api: Api, request: web.Request) -> web.Response:
    """Change the default storage class, which a header names."""
    asked = _storage_class(request.headers.get("cf-r2-storage-class", ""))
    return ok(_shown(_save(api, replace(find(api, request), storage_class=asked))))


async def delete(api: Api, request: web.Request) -> web.Response:
    """Delete an empty bucket; raises ApiError 10008 when it is not."""
    async with api.changing:
        bucket = find(api, request)
        if (await api.edge.r2_list(bucket.edge_name, limit=1))["objects"]:
            raise ApiError(409, 10008, "The bucket you tried to delete is not empty.")
        del api.buckets[bucket.edge_name]
        await api.bucket_changed(bucket)
    return ok({})


async def show_lifecycle(api: Api, request: web.Request) -> web.Response:
    """Show the rules; a new bucket has one, which ends multipart uploads after a week."""
    return ok({"rules": [dict(rule) for rule in find(api, request).rules]})


async def put_lifecycle(api: Api, request: web.Request) -> web.Response:
    """Replace the rules."""
    rules = (await json_object(request)).get("rules", [])
    if not isinstance(rules, list) or not all(isinstance(rule, dict) and "id" in rule for rule in rules):
        raise ApiError(400, 10040, "rules must be a list of rules, each with an id")
    _save(api, replace(find(api, request), rules=tuple(rules)))
    return ok({})


def _save(api: Api, bucket: Bucket) -> Bucket:
    api.buckets[bucket.edge_name] = bucket
    return bucket


def _jurisdiction(request: web.Request) -> str:
    asked = request.headers.get("cf-r2-jurisdiction") or "default"
    if asked not in JURISDICTIONS:
        raise ApiError(400, 10041, "The specified jurisdiction is not valid.")
    return asked


def _storage_class(asked: Any) -> str:
    if asked not in STORAGE_CLASSES:
        raise ApiError(400, 10062, "The storage class specified is not valid.")
    return str(asked)


def _shown(bucket: Bucket) -> dict[str, Any]:
    return {
        "name": bucket.name,
        "creation_date": bucket.creation_date,
        "location": bucket.location,
        "jurisdiction": bucket.jurisdiction,
        "storage_class": bucket.storage_class,
    }
