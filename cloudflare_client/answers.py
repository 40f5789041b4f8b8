"""The envelope of the API's answers, and the secrets, the subdomain and the stored objects in them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from cloudflare_client.errors import UnknownShapeError, refusal
from cloudflare_client.fields import read_items, read_object, read_text, read_time
from cloudflare_client.http_answer import HttpAnswer

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredObject:
    """An object of a bucket's list: its size in bytes, its custom metadata, its encoding and its upload time (UTC)."""

    key: str
    size: int
    metadata: Mapping[str, str]
    content_encoding: str
    uploaded: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenState:
    """The token's status (``active``, ``disabled``, ``expired``) and its end in ISO 8601, empty if it has none."""

    status: str
    expires_on: str


def parse_answer(answer: HttpAnswer, parse: Callable[[object, Mapping[str, Any]], T]) -> T:
    """Return what ``parse`` makes of an answer's ``result`` and ``result_info``.

    Raises ApiRefusedError for an answer without success, UnknownShapeError, which names the request, from ``parse``.
    """
    body = answer.json or {}
    if answer.status != 200 or body.get("success") is not True:
        raise refusal(answer)
    info = body.get("result_info")
    try:
        return parse(body.get("result"), info if isinstance(info, dict) else {})
    except UnknownShapeError as error:
        raise UnknownShapeError(error.detail, answer.request) from None


def parse_secrets(result: object) -> tuple[str, ...]:
    """Return the names from ``GET …/secrets``."""
    return tuple(read_text(item, "name") for item in read_items(result, "the secrets"))


def parse_subdomain(result: object) -> str:
    """Return the name from ``GET workers/subdomain``."""
    return read_text(read_object(result, "the account's subdomain"), "subdomain")


def parse_token(result: object) -> TokenState:
    """Return the state of the token from ``GET /user/tokens/verify``."""
    found = read_object(result, "the token")
    return TokenState(status=read_text(found, "status"), expires_on=read_text(found, "expires_on", ""))


def parse_objects(result: object, info: Mapping[str, Any]) -> tuple[tuple[StoredObject, ...], str]:
    """Return the objects from one page of ``GET …/objects``, and the cursor of the next page or an empty text."""
    cursor = "" if info.get("is_truncated") is False else info.get("cursor") or ""
    if not isinstance(cursor, str) or (info.get("is_truncated") and not cursor):
        raise UnknownShapeError("a list goes on without a cursor")
    return tuple(_parse_object(item) for item in read_items(result, "the objects")), cursor


def _parse_object(item: Mapping[str, Any]) -> StoredObject:
    metadata = read_object(item.get("custom_metadata") or {}, "an object's custom_metadata")
    http = read_object(item.get("http_metadata") or {}, "an object's http_metadata")
    if not all(isinstance(value, str) for value in metadata.values()):
        raise UnknownShapeError("an object's custom_metadata holds more than text")
    size = item.get("size")
    if type(size) is not int:
        raise UnknownShapeError("an object has no size")
    encoding = read_text(http, "contentEncoding", "")
    return StoredObject(
        key=read_text(item, "key"),
        size=size,
        metadata=metadata,
        content_encoding=encoding,
        uploaded=read_time(item, "last_modified"),
    )
