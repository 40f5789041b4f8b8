"""R2 objects over REST: the same objects that a worker sees, byte for byte."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from urllib.parse import unquote

from aiohttp import hdrs, web

from rehearsal.cloudflare import r2_buckets
from rehearsal.cloudflare.api import Api
from rehearsal.cloudflare.envelope import ApiError, ok

PER_PAGE = 20
MOST_PER_PAGE = 1000
OBJECTS = "r2/buckets/{bucket}/objects"
# A header of the request, and the name under which R2 keeps it.
HTTP_METADATA = {
    hdrs.CONTENT_TYPE: "contentType",
    hdrs.CONTENT_ENCODING: "contentEncoding",
    hdrs.CONTENT_LANGUAGE: "contentLanguage",
    hdrs.CONTENT_DISPOSITION: "contentDisposition",
    hdrs.CACHE_CONTROL: "cacheControl",
}


def routes(api: Api) -> Iterable[web.RouteDef]:
    """Serve the objects of a bucket; slashes in a key may be literal or %2F."""
    return [
        api.route("GET", OBJECTS, listing),
        api.route("PUT", OBJECTS + "/{key:.+}", put),
        api.route("GET", OBJECTS + "/{key:.+}", get),
        api.route("DELETE", OBJECTS + "/{key:.+}", delete),
    ]


async def listing(api: Api, request: web.Request) -> web.Response:
    """List one page of objects: 20 unless ``per_page`` (at most 1,000) says otherwise; follow the cursor."""
    bucket = r2_buckets.find(api, request)
    query = request.query
    asked = query.get("per_page", str(PER_PAGE))
    if not asked.isdecimal() or int(asked) < 1:
        raise ApiError(400, 10022, "per_page must be a positive number")
    per_page = min(int(asked), MOST_PER_PAGE)
    try:
        page = await api.edge.r2_list(
            bucket.edge_name,
            prefix=query.get("prefix", ""),
            cursor=query.get("cursor") or None,
            limit=per_page,
            delimiter=query.get("delimiter") or None,
            start_after=query.get("start_after") or None,
        )
    except ValueError:
        raise ApiError(400, 10022, "A parameter of the list is not valid.") from None
    info = {"is_truncated": page["truncated"], "per_page": per_page, "delimited": page["delimited_prefixes"]}
    if page["truncated"]:
        info["cursor"] = page["cursor"]
    return ok([_shown(item) for item in page["objects"]], info=info)


async def put(api: Api, request: web.Request) -> web.Response:
    """Store the body as it comes, compressed or not; raises ApiError 100100 beyond 300 MiB."""
    bucket = r2_buckets.find(api, request)
    if (request.content_length or 0) > request.client_max_size:
        raise ApiError(413, 100100, "Your proposed upload exceeds the maximum allowed object size.")
    metadata = {name: request.headers[header] for header, name in HTTP_METADATA.items() if header in request.headers}
    body = await request.read()
    try:
        stored = await api.edge.r2_put(
            bucket.edge_name, _key(request), body, http_metadata=metadata, custom_metadata={}
        )
    except ValueError:
        raise ApiError(400, 10020, "The specified object name is not valid.") from None
    return ok({**_shown(stored), "uploaded": stored["uploaded"]})


async def get(api: Api, request: web.Request) -> web.StreamResponse:
    """Return an object's bytes, with what was said of them when they were stored; raises ApiError 10007."""
    bucket = r2_buckets.find(api, request)
    found = await api.edge.r2_get(bucket.edge_name, _key(request))
    if found is None:
        raise ApiError(404, 10007, "The specified key does not exist.")
    item, body = found
    http = item["http_metadata"]
    given = {header: http[name] for header, name in HTTP_METADATA.items() if http.get(name)}
    headers = {hdrs.CONTENT_TYPE: "application/octet-stream", **given, hdrs.ETAG: f'"{item["etag"]}"'}
    return web.Response(body=body, headers=headers)


async def delete(api: Api, request: web.Request) -> web.Response:
    """Delete an object; one that is not there is as good as deleted."""
    bucket = r2_buckets.find(api, request)
    key = _key(request)
    await api.edge.r2_delete(bucket.edge_name, key)
    return ok({"key": key})


def _key(request: web.Request) -> str:
    """Return the key as it was meant: from the raw path, decoded once."""
    return unquote(request.rel_url.raw_path.split("/objects/", 1)[1])


def _shown(item: dict[str, Any]) -> dict[str, Any]:
    return {
        "key": item["key"],
        "size": item["size"],
        "etag": item["etag"],
        "last_modified": item["uploaded"],
        "http_metadata": item["http_metadata"],
        "custom_metadata": item["custom_metadata"],
        "storage_class": "Standard",
    }
