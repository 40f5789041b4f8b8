"""R2 buckets and their lifecycle rules."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from aiohttp import web

from rehearsal.cloudflare.account import Account, read_json_object
from rehearsal.cloudflare.responses import RefusalError, respond
from rehearsal.cloudflare.state import Bucket, make_edge_name

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


def make_routes(account: Account) -> Iterable[web.RouteDef]:
    """Return the routes of the account's buckets."""
    return [
        account.make_route("GET", "r2/buckets", list_all),
        account.make_route("POST", "r2/buckets", create),
        account.make_route("GET", "r2/buckets/{bucket}", show),
        account.make_route("PATCH", "r2/buckets/{bucket}", patch),
        account.make_route("DELETE", "r2/buckets/{bucket}", delete),
        account.make_route("GET", "r2/buckets/{bucket}/lifecycle", show_lifecycle),
        account.make_route("PUT", "r2/buckets/{bucket}/lifecycle", put_lifecycle),
    ]


def find_bucket(account: Account, request: web.Request) -> Bucket:
    """Return the bucket named by the path and the jurisdiction header. Raises RefusalError 10006."""
    found = account.buckets.get(make_edge_name(request.match_info["bucket"], _read_jurisdiction(request)))
    if found is None:
        raise RefusalError(404, 10006, "The specified bucket does not exist.")
    return found


async def list_all(account: Account, request: web.Request) -> web.Response:
    """List the buckets of one jurisdiction by name."""
    jurisdiction = _read_jurisdiction(request)
    wanted = request.query.get("name_contains", "")
    found = [b for b in account.buckets.values() if b.jurisdiction == jurisdiction and wanted in b.name]
    return respond({"buckets": [_describe(bucket) for bucket in sorted(found, key=lambda bucket: bucket.name)]})


async def create(account: Account, request: web.Request) -> web.Response:
    """Create a bucket. Raises RefusalError 10005 for an invalid name and 10004 if the bucket exists."""
    asked = await read_json_object(request)
    name = asked.get("name")
    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise RefusalError(400, 10005, "The specified bucket name is not valid.")
    async with account.changing:
        bucket = Bucket(
            name=name,
            jurisdiction=_read_jurisdiction(request),
            creation_date=account.format_now(),
            location=str(asked.get("locationHint") or "WNAM").upper(),
            storage_class=_check_storage_class(asked.get("storageClass") or "Standard"),
            rules=DEFAULT_RULES,
        )
        if bucket.edge_name in account.buckets:
            raise RefusalError(409, 10004, "The bucket you tried to create already exists, and you own it.")
        account.buckets[bucket.edge_name] = bucket
        await account.republish_bucket(bucket)
    return respond(_describe(bucket))


async def show(account: Account, request: web.Request) -> web.Response:
    """Show a bucket."""
    return respond(_describe(find_bucket(account, request)))


async def patch(account: Account, request: web.Request) -> web.Response:
    """Change the default storage class to the one in the header."""
    asked = _check_storage_class(request.headers.get("cf-r2-storage-class", ""))
    return respond(_describe(save(account, replace(find_bucket(account, request), storage_class=asked))))


async def delete(account: Account, request: web.Request) -> web.Response:
    """Delete an empty bucket. Raises RefusalError 10008 if it is not empty."""
    async with account.changing:
        bucket = find_bucket(account, request)
        if (await account.edge.r2_list(bucket.edge_name, limit=1))["objects"]:
            raise RefusalError(409, 10008, "The bucket you tried to delete is not empty.")
        del account.buckets[bucket.edge_name]
        await account.republish_bucket(bucket)
    return respond({})


async def show_lifecycle(account: Account, request: web.Request) -> web.Response:
    """Show the rules. A new bucket has one, which ends multipart uploads after a week."""
    return respond({"rules": [dict(rule) for rule in find_bucket(account, request).rules]})


async def put_lifecycle(account: Account, request: web.Request) -> web.Response:
    """Replace the rules."""
    rules = (await read_json_object(request)).get("rules", [])
    if not isinstance(rules, list) or not all(isinstance(rule, dict) and "id" in rule for rule in rules):
        raise RefusalError(400, 10040, "rules must be a list of rules, each with an id")
    save(account, replace(find_bucket(account, request), rules=tuple(rules)))
    return respond({})


def save(account: Account, bucket: Bucket) -> Bucket:
    """Store a bucket."""
    account.buckets[bucket.edge_name] = bucket
    return bucket


def _read_jurisdiction(request: web.Request) -> str:
    asked = request.headers.get("cf-r2-jurisdiction") or "default"
    if asked not in JURISDICTIONS:
        raise RefusalError(400, 10041, "The specified jurisdiction is not valid.")
    return asked


def _check_storage_class(asked: Any) -> str:
    if asked not in STORAGE_CLASSES:
        raise RefusalError(400, 10062, "The storage class specified is not valid.")
    return str(asked)


def _describe(bucket: Bucket) -> dict[str, Any]:
    return {
        "name": bucket.name,
        "creation_date": bucket.creation_date,
        "location": bucket.location,
        "jurisdiction": bucket.jurisdiction,
        "storage_class": bucket.storage_class,
    }
