"""What the API says of a script's versions and deployments; each reader raises ShapeError for another shape."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from checks.clients.cloudflare.answers import items, object_of, text_of
from checks.model.finding import ShapeError

UPLOADS = frozenset({"upload", "version_upload"})  # what may make a version that the program wants
SECRETS = frozenset({"secret_text", "secret_key"})  # kinds of bindings whose value never comes out


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One version of a script; ``triggered_by`` is what made it (upload, secret, …), ``created_on`` is ISO 8601."""

    id: str
    number: int
    tag: str
    triggered_by: str
    author: str
    created_on: str

    @property
    def short(self) -> str:
        """Return the id as people see it elsewhere."""
        return self.id[:8]

    @property
    def uploaded(self) -> bool:
        """Return whether an upload made it, and not a change of something that was uploaded before."""
        return self.triggered_by in UPLOADS

    @property
    def by_secret(self) -> bool:
        """Return whether a change of secrets made it."""
        return "secret" in self.triggered_by

    @property
    def made(self) -> str:
        """Return who made it, when and by what."""
        return f"made by {by(self)} ({self.triggered_by})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """A version's share of the requests, in percent."""

    version_id: str
    percentage: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """Which versions serve, and who said so; without shares nothing is deployed."""

    shares: tuple[Share, ...]
    strategy: str
    author: str
    created_on: str

    @property
    def ids(self) -> frozenset[str]:
        """Return the versions that serve any request at all."""
        return frozenset(share.version_id for share in self.shares)


@dataclass(frozen=True, slots=True, kw_only=True)
class Detail:
    """A version and its bindings by name, as the API shows them: a secret has no value there."""

    version: Version
    bindings: Mapping[str, Mapping[str, Any]]

    @property
    def secrets(self) -> frozenset[str]:
        """Return the names of the secrets."""
        return frozenset(name for name, item in self.bindings.items() if item["type"] in SECRETS)


def by(made: Version | Deployment) -> str:
    """Return who made something, and when."""
    moment = made.created_on[:19].replace("T", " ")
    return f"{made.author} on {moment} UTC" if moment else f"{made.author}, nobody knows when"


def newest(versions: Iterable[Version]) -> Version | None:
    """Return the version with the highest number, None of none."""
    return max(versions, key=lambda version: version.number, default=None)


def deployment(result: object) -> Deployment:
    """Read ``GET …/deployments``, newest first: what serves now, which is nothing where there is no deployment."""
    found = items(object_of(result, "the deployments").get("deployments"), "the deployments")
    live = found[0] if found else {"versions": []}
    shares = [_share(item) for item in items(live.get("versions"), "a deployment's versions")]
    return Deployment(
        shares=tuple(share for share in shares if share.percentage > 0),
        strategy=text_of(live, "strategy", "percentage"),
        author=text_of(live, "author_email", "somebody"),
        created_on=text_of(live, "created_on", ""),
    )


def versions(result: object) -> dict[str, Version]:
    """Read one page of ``GET …/versions``, by id."""
    found = items(object_of(result, "the versions").get("items"), "the versions")
    return {version.id: version for version in map(_version, found)}


def detail(result: object) -> Detail:
    """Read ``GET …/versions/{id}``."""
    item = object_of(result, "the version")
    resources = object_of(item.get("resources"), "a version's resources")
    bound = items(resources.get("bindings"), "a version's bindings")
    return Detail(
        version=_version(item),
        bindings={text_of(item, "name"): {**item, "type": text_of(item, "type")} for item in bound},
    )


def schedules(result: object) -> frozenset[str]:
    """Read ``GET …/schedules``."""
    found = items(object_of(result, "the schedules").get("schedules"), "the schedules")
    return frozenset(text_of(item, "cron") for item in found)


def _version(item: Mapping[str, Any]) -> Version:
    number = item.get("number")
    if type(number) is not int:
        raise ShapeError("a version has no number")
    annotations = object_of(item.get("annotations") or {}, "a version's annotations")
    metadata = object_of(item.get("metadata") or {}, "a version's metadata")
    return Version(
        id=text_of(item, "id"),
        number=number,
        tag=text_of(annotations, "workers/tag", ""),
        triggered_by=text_of(annotations, "workers/triggered_by", "upload"),
        author=text_of(metadata, "author_email", "somebody"),
        created_on=text_of(metadata, "created_on", ""),
    )


def _share(item: Mapping[str, Any]) -> Share:
    percentage = item.get("percentage")
    if isinstance(percentage, bool) or not isinstance(percentage, int | float):
        raise ShapeError("a version's share has no percentage")
    return Share(version_id=text_of(item, "version_id"), percentage=percentage)
