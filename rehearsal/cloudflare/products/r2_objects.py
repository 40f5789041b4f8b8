"""R2 objects over REST, byte for byte the objects that a worker reads."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from urllib.parse import unquote

from aiohttp import hdrs, web

from rehearsal.cloudflare.account import Account
from rehearsal.cloudflare.products import r2_buckets
from rehearsal.cloudflare.responses import RefusalError, respond

PER_PAGE = 20
MAX_PER_PAGE = 1000
OBJECTS = "r2/buckets/{bucket}/objects"
# A header of the request -> its name in R2.
HTTP_METADATA = {
    hdrs.CONTENT_TYPE: "contentType",
    hdrs.CONTENT_ENCODING: "contentEncoding",
    hdrs.CONTENT_LANGUAGE: "contentLanguage",
    hdrs.CONTENT_DISPOSITION: "contentDisposition",
    hdrs.CACHE_CONTROL: "cacheControl",
}


def make_routes(account: Account) -> Iterable[web.RouteDef]:
    """Return the routes of a bucket's objects. Slashes in a key may be literal or %2F."""
    return [
        account.make_route("GET", OBJECTS, list_all),
        account.make_route("PUT", OBJECTS + "/{key:.+}", put),
        account.make_route("GET", OBJECTS + "/{key:.+}", get),
        account.make_route("DELETE", OBJECTS + "/{key:.+}", delete),
    ]


async def list_all(account: Account, request: web.Request) -> web.Response:
    """List one page of objects: 20 unless ``per_page`` (at most 1,000) says otherwise."""
    bucket = r2_buckets.find_bucket(account, request)
    query = request.query
    asked = query.get("per_page", str(PER_PAGE))
    if not asked.isdecimal() or int(asked) < 1:
        raise RefusalError(400, 10022, "per_page must be a positive number")
    per_page = min(int(asked), MAX_PER_PAGE)
    try:
        page = await account.edge.r2_list(
            bucket.edge_name,
            prefix=query.get("prefix", ""),
            cursor=query.get("cursor") or None,
            limit=per_page,
            delimiter=query.get("delimiter") or None,
            start_after=query.get("start_after") or None,
        )
    except ValueError:
        raise RefusalError(400, 10022, "A parameter of the list is not valid.") from None
    info = {"is_truncated": page["truncated"], "per_page": per_page, "delimited": page["delimited_prefixes"]}
    if page["truncated"]:
        info["cursor"] = page["cursor"]
    return respond([_describe(item) for item in page["objects"]], info=info)


async def put(account: Account, request: web.Request) -> web.Response:
    """Store the unchanged body, compressed or not. Raises RefusalError 100100 beyond 300 MiB."""
    bucket = r2_buckets.find_bucket(account, request)
    if (request.content_length or 0) > request.client_max_size:
        raise RefusalError(413, 100100, "Your proposed upload exceeds the maximum allowed object size.")
    metadata = {name: request.headers[header] for header, name in HTTP_METADATA.items() if header in request.headers}
    body = await request.read()
    try:
        stored = await account.edge.r2_put(
            bucket.edge_name, _read_key(request), body, http_metadata=metadata, custom_metadata={}
        )
    except ValueError:
        raise RefusalError(400, 10020, "The specified object name is not valid.") from None
    return respond({**_describe(stored), "uploaded": stored["uploaded"]})


async def get(account: Account, request: web.Request) -> web.StreamResponse:
    """Return an object's bytes with its stored HTTP metadata. Raises RefusalError 10007."""
    bucket = r2_buckets.find_bucket(account, request)
    found = await account.edge.r2_get(bucket.edge_name, _read_key(request))
    if found is None:
        raise RefusalError(404, 10007, "The specified key does not exist.")
    item, body = found
    http = item["http_metadata"]
    given = {header: http[name] for header, name in HTTP_METADATA.items() if http.get(name)}
    headers = {hdrs.CONTENT_TYPE: "application/octet-stream", **given, hdrs.ETAG: f'"{item["etag"]}"'}
    return web.Response(body=body, headers=headers)


async def delete(account: Account, request: web.Request) -> web.Response:
    """Delete an object. An absent object is not an error."""
    bucket = r2_buckets.find_bucket(account, request)
    key = _read_key(request)
    await account.edge.r2_delete(bucket.edge_name, key)
    return respond({"key": key})


def _read_key(request: web.Request) -> str:
    """Return the key from the raw path, decoded once."""
    return unquote(request.rel_url.raw_path.split("/objects/", 1)[1])


def _describe(item: dict[str, Any]) -> dict[str, Any]:
    return {
        "key": item["key"],
        "size": item["size"],
        "etag": item["etag"],
        "last_modified": item["uploaded"],
        "http_metadata": item["http_metadata"],
        "custom_metadata": item["custom_metadata"],
        "storage_class": "Standard",
    }
