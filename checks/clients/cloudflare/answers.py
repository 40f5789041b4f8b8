"""The parts of the API's answers that the checks read; each reader raises ShapeError for another shape."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from checks.model.finding import Finding, Inconclusive, ShapeError

NO_SCRIPT, NO_SERVICE, NO_BUCKET = 10007, 10090, 10006


class ApiError(Inconclusive):
    """The API refused; ``codes`` are its own."""

    def __init__(self, finding: Finding, codes: frozenset[int] = frozenset()) -> None:
        super().__init__(finding)
        self.codes = codes


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredObject:
    """One object of a list, with its size in bytes, its custom metadata and its declared encoding."""

    key: str
    size: int
    metadata: Mapping[str, str]
    content_encoding: str


def secret_names(result: object) -> tuple[str, ...]:
    """Read ``GET …/secrets``."""
    return tuple(text_of(item, "name") for item in items(result, "the secrets"))


def subdomain(result: object) -> str:
    """Read ``GET workers/subdomain``."""
    return text_of(object_of(result, "the account's subdomain"), "subdomain")


def opened_tail(result: object) -> tuple[str, str]:
    """Read ``POST …/tails``: the tail's id and the URL of its websocket."""
    tail = object_of(result, "the tail")
    return text_of(tail, "id"), text_of(tail, "url")


def stored_objects(result: object) -> tuple[StoredObject, ...]:
    """Read one page of ``GET …/objects``."""
    return tuple(_stored(item) for item in items(result, "the objects"))


def items(value: object, what: str) -> list[dict[str, Any]]:
    """Return a list of objects."""
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise ShapeError(f"{what} are no list of objects")
    return value


def object_of(value: object, what: str) -> Mapping[str, Any]:
    """Return a JSON object."""
    if not isinstance(value, dict):
        raise ShapeError(f"{what} are no object")
    return value


def text_of(item: Mapping[str, Any], name: str, absent: str | None = None) -> str:
    """Return a field that is a text; ``absent`` stands for one that is not there, null or empty."""
    value = item.get(name)
    if value in (None, "") and absent is not None:
        return absent
    if not isinstance(value, str):
        raise ShapeError(f"{name} is no text")
    return value


def _stored(item: Mapping[str, Any]) -> StoredObject:
    metadata = object_of(item.get("custom_metadata") or {}, "an object's custom_metadata")
    http = object_of(item.get("http_metadata") or {}, "an object's http_metadata")
    if not all(isinstance(value, str) for value in metadata.values()):
        raise ShapeError("an object's custom_metadata holds more than text")
    size = item.get("size")
    if type(size) is not int:
        raise ShapeError("an object has no size")
    encoding = text_of(http, "contentEncoding", "")
    return StoredObject(key=text_of(item, "key"), size=size, metadata=metadata, content_encoding=encoding)
