"""Versions, deployments and schedules of a worker, as the API describes them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from cloudflare_client.errors import UnknownShapeError
from cloudflare_client.fields import read_items, read_object, read_text

UPLOADS = frozenset({"upload", "version_upload"})  # values of ``workers/triggered_by`` for a whole upload
SECRET_TYPES = frozenset({"secret_text", "secret_key"})  # binding types whose value the API never returns
UNKNOWN_AUTHOR = "an unknown author"


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerVersion:
    """A version. ``triggered_by`` is its origin (upload, secret, …), ``created_on`` is ISO 8601 or empty."""

    id: str
    number: int
    tag: str
    triggered_by: str
    message: str = ""
    author: str = UNKNOWN_AUTHOR
    created_on: str = ""

    @property
    def short(self) -> str:
        """Return the start of the id, as Cloudflare's dashboard shows it."""
        return self.id[:8]

    @property
    def is_upload(self) -> bool:
        """Return whether an upload made it, and not a change to an earlier version."""
        return self.triggered_by in UPLOADS

    @property
    def is_secret_change(self) -> bool:
        """Return whether a change of secrets made it."""
        return "secret" in self.triggered_by

    @property
    def made(self) -> str:
        """Return its author, time and origin for a message."""
        return f"made by {describe_author(self)} ({self.triggered_by})"


@dataclass(frozen=True, slots=True, kw_only=True)
class TrafficShare:
    """A version's share of the requests, in percent."""

    version_id: str
    percentage: float


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerDeployment:
    """A deployment. Without shares, no version is live. ``created_on`` is ISO 8601 or empty."""

    shares: tuple[TrafficShare, ...]
    strategy: str
    author: str
    created_on: str
    message: str = ""

    @property
    def ids(self) -> frozenset[str]:
        """Return the ids of the live versions."""
        return frozenset(share.version_id for share in self.shares)

    @property
    def moment(self) -> str:
        """Return the time to the second, in UTC, for a message."""
        return format_moment(self.created_on)


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """A live cron. ``changed_on`` is its creation or its last change: ISO 8601 or empty."""

    cron: str
    changed_on: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionDetail:
    """A version with its bindings by name. A secret has no value there."""

    version: WorkerVersion
    bindings: Mapping[str, Mapping[str, Any]]

    @property
    def secrets(self) -> frozenset[str]:
        """Return the names of the secrets."""
        return frozenset(name for name, item in self.bindings.items() if item["type"] in SECRET_TYPES)


def describe_author(made: WorkerVersion | WorkerDeployment) -> str:
    """Return the author and the time of a version or a deployment for a message."""
    moment = format_moment(made.created_on)
    return f"{made.author} on {moment} UTC" if moment else f"{made.author} at an unknown time"


def format_moment(created_on: str) -> str:
    """Return a time of the API (ISO 8601, UTC) to the second for a message."""
    return created_on[:19].replace("T", " ")


def find_newest(versions: Iterable[WorkerVersion]) -> WorkerVersion | None:
    """Return the version with the highest number, None if there is no version."""
    return max(versions, key=lambda version: version.number, default=None)


def parse_deployments(result: object) -> WorkerDeployment:
    """Return the live deployment from ``GET …/deployments``, which lists the newest first."""
    found = list_deployments(result)
    return found[0] if found else _parse_deployment({"versions": []})


def list_deployments(result: object) -> tuple[WorkerDeployment, ...]:
    """Return the deployments from ``GET …/deployments``, the live one first."""
    found = read_items(read_object(result, "the result").get("deployments"), "the deployments")
    return tuple(_parse_deployment(item) for item in found)


def parse_versions(result: object) -> dict[str, WorkerVersion]:
    """Return the versions by id from one page of ``GET …/versions``."""
    found = read_items(read_object(result, "the result").get("items"), "the versions")
    return {version.id: version for version in map(_parse_version, found)}


def parse_version(result: object) -> VersionDetail:
    """Return a version with its bindings from ``GET …/versions/{id}``."""
    item = read_object(result, "the version")
    resources = read_object(item.get("resources"), "a version's resources")
    bound = read_items(resources.get("bindings"), "a version's bindings")
    return VersionDetail(
        version=_parse_version(item),
        bindings={read_text(item, "name"): {**item, "type": read_text(item, "type")} for item in bound},
    )


def parse_schedules(result: object) -> tuple[Schedule, ...]:
    """Return the crons from ``GET …/schedules``."""
    found = read_items(read_object(result, "the result").get("schedules"), "the schedules")
    return tuple(
        Schedule(
            cron=read_text(item, "cron"),
            changed_on=max(read_text(item, "created_on", ""), read_text(item, "modified_on", "")),
        )
        for item in found
    )


def _parse_deployment(item: Mapping[str, Any]) -> WorkerDeployment:
    shares = [_parse_share(share) for share in read_items(item.get("versions"), "a deployment's versions")]
    return WorkerDeployment(
        shares=tuple(share for share in shares if share.percentage > 0),
        strategy=read_text(item, "strategy", "percentage"),
        author=read_text(item, "author_email", UNKNOWN_AUTHOR),
        created_on=read_text(item, "created_on", ""),
        message=read_text(read_object(item.get("annotations") or {}, "annotations"), "workers/message", ""),
    )


def _parse_version(item: Mapping[str, Any]) -> WorkerVersion:
    number = item.get("number")
    if type(number) is not int:
        raise UnknownShapeError("a version has no number")
    annotations = read_object(item.get("annotations") or {}, "a version's annotations")
    metadata = read_object(item.get("metadata") or {}, "a version's metadata")
    return WorkerVersion(
        id=read_text(item, "id"),
        number=number,
        tag=read_text(annotations, "workers/tag", ""),
        message=read_text(annotations, "workers/message", ""),
        triggered_by=read_text(annotations, "workers/triggered_by", "upload"),
        author=read_text(metadata, "author_email", UNKNOWN_AUTHOR),
        created_on=read_text(metadata, "created_on", ""),
    )


def _parse_share(item: Mapping[str, Any]) -> TrafficShare:
    percentage = item.get("percentage")
    if isinstance(percentage, bool) or not isinstance(percentage, int | float):
        raise UnknownShapeError("a version's share has no percentage")
    return TrafficShare(version_id=read_text(item, "version_id"), percentage=percentage)
