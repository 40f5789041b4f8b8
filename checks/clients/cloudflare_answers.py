"""The parts of the API's answers that the checks read; each reader raises ShapeError for another shape."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from checks.model import Finding, NoVerdictError, ShapeError

NO_SCRIPT, NO_SERVICE, NO_BUCKET = 10007, 10090, 10006


class ApiError(NoVerdictError):
    """The API refused; ``codes`` are its own."""

    def __init__(self, finding: Finding, codes: frozenset[int] = frozenset()) -> None:
        super().__init__(finding)
        self.codes = codes


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One version of a script; ``triggered_by`` is what made it (upload, secret)."""

    id: str
    number: int
    tag: str
    triggered_by: str
    author: str
    created_on: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredObject:
    """One object of a list, with its size in bytes, its custom metadata and its declared encoding."""

    key: str
    size: int
    metadata: Mapping[str, str]
    content_encoding: str


def secret_names(result: object) -> tuple[str, ...]:
    """Read ``GET …/secrets``."""
    return tuple(_text(item, "name") for item in items(result, "the secrets"))


def live_versions(result: object) -> frozenset[str]:
    """Read ``GET …/deployments``, newest first: the ids that the newest deployment serves, none if there is none."""
    deployments = items(_object(result, "the deployments").get("deployments"), "the deployments")
    newest = deployments[0].get("versions") if deployments else []
    return frozenset(_text(version, "version_id") for version in items(newest, "a deployment's versions"))


def versions(result: object) -> dict[str, Version]:
    """Read one page of ``GET …/versions``, by id."""
    found = items(_object(result, "the versions").get("items"), "the versions")
    return {version.id: version for version in map(_version, found)}


def stored_objects(result: object) -> tuple[StoredObject, ...]:
    """Read one page of ``GET …/objects``."""
    return tuple(_stored(item) for item in items(result, "the objects"))


def items(value: object, what: str) -> list[dict[str, Any]]:
    """Return a list of objects."""
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise ShapeError(f"{what} are no list of objects")
    return value


def _version(item: Mapping[str, Any]) -> Version:
    number = item.get("number")
    if type(number) is not int:
        raise ShapeError("a version has no number")
    annotations = _object(item.get("annotations") or {}, "a version's annotations")
    metadata = _object(item.get("metadata") or {}, "a version's metadata")
    return Version(
        id=_text(item, "id"),
        number=number,
        tag=_text(annotations, "workers/tag", ""),
        triggered_by=_text(annotations, "workers/triggered_by", ""),
        author=_text(metadata, "author_email", "somebody"),
        created_on=_text(metadata, "created_on", "an unknown date"),
    )


def _stored(item: Mapping[str, Any]) -> StoredObject:
    metadata = _object(item.get("custom_metadata") or {}, "an object's custom_metadata")
    http = _object(item.get("http_metadata") or {}, "an object's http_metadata")
    if not all(isinstance(value, str) for value in metadata.values()):
        raise ShapeError("an object's custom_metadata holds more than text")
    size = item.get("size")
    if type(size) is not int:
        raise ShapeError("an object has no size")
    encoding = _text(http, "contentEncoding", "")
    return StoredObject(key=_text(item, "key"), size=size, metadata=metadata, content_encoding=encoding)


def _object(value: object, what: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise ShapeError(f"{what} are no object")
    return value


def _text(item: Mapping[str, Any], name: str, absent: str | None = None) -> str:
    value = item.get(name)
    if value in (None, "") and absent is not None:
        return absent
    if not isinstance(value, str):
        raise ShapeError(f"{name} is no text")
    return value
