"""What is live of a worker, asked of Cloudflare's API at preview: deployment, versions, bindings, crons."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from infra.api import AbsentError, ApiError, Client, get, unknown_shape

_PAGES = 100  # of versions, at most


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One uploaded version, as the list of versions shows it."""

    id: str
    number: int
    tag: str
    message: str
    triggered_by: str

    @property
    def is_upload(self) -> bool:
        """Return whether somebody uploaded it whole: a change of a secret makes a version too."""
        return self.triggered_by in {"upload", "version_upload"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """The deployment that is live: which versions serve, and who said so."""

    versions: tuple[str, ...]
    author: str
    created_on: str

    @property
    def moment(self) -> str:
        """Return when, to the second, as people write it; UTC."""
        return self.created_on[:19].replace("T", " ")


@dataclass(frozen=True, slots=True, kw_only=True)
class Worker:
    """A live worker; ``bindings`` are those of the (first) version that serves, ``latest`` those of the newest one.

    ``versions``, newest first, reach back to the one that serves and to the newest of this stack's marks.
    """

    name: str
    deployment: Deployment
    versions: tuple[Version, ...]
    bindings: tuple[Mapping[str, Any], ...]
    latest: tuple[Mapping[str, Any], ...]
    schedules: tuple[str, ...]

    @property
    def serving(self) -> Version | None:
        """Return the (first) version that serves, None if the list of versions does not know it."""
        return next((version for version in self.versions if version.id == self.deployment.versions[0]), None)


def read(client: Client, account_id: str, name: str, *, ours: str) -> Worker | None:
    """Return the live worker, or None where there is none yet; ``ours`` is how this stack's marks begin.

    Raises ApiError when the API cannot be reached, refuses, or answers in another shape.
    """
    scripts = f"accounts/{account_id}/workers/scripts/{name}"
    try:
        deployments = get(client, f"{scripts}/deployments")["deployments"]
    except AbsentError:
        return None
    except (KeyError, TypeError) as error:
        raise unknown_shape(error) from None
    if not deployments:
        raise ApiError(f"the worker {name!r} exists, and nothing of it is deployed: deploy or delete it first")
    try:
        deployment = _deployment(deployments[0])
        serving = deployment.versions[0]
        versions = tuple(_versions(client, scripts, serving=serving, ours=ours))
        bound = bindings(client, account_id, name, serving)
        newest = versions[0].id if versions else serving
        return Worker(
            name=name,
            deployment=deployment,
            versions=versions,
            bindings=bound,
            latest=bound if newest == serving else bindings(client, account_id, name, newest),
            schedules=tuple(sorted(_text(item["cron"]) for item in get(client, f"{scripts}/schedules")["schedules"])),
        )
    except (KeyError, TypeError, ValueError, IndexError, AttributeError, AbsentError) as error:
        raise unknown_shape(error) from None


def bindings(client: Client, account_id: str, name: str, version: str) -> tuple[Mapping[str, Any], ...]:
    """Return the bindings of one version of a worker, a secret's without its text; raises ApiError as ``read`` does."""
    try:
        detail = get(client, f"accounts/{account_id}/workers/scripts/{name}/versions/{version}")
        found = detail["resources"]["bindings"]
        return tuple({**item, "name": _text(item["name"]), "type": _text(item["type"])} for item in found)
    except (KeyError, TypeError, AbsentError) as error:
        raise unknown_shape(error) from None


def has_bucket(client: Client, account_id: str, name: str) -> bool:
    """Return whether the account has an R2 bucket of this name; raises ApiError as ``read`` does."""
    try:
        get(client, f"accounts/{account_id}/r2/buckets/{name}")
    except AbsentError:
        return False
    return True


def _versions(client: Client, scripts: str, *, serving: str, ours: str) -> Iterator[Version]:
    """Yield versions, newest first, page by page, until the one that serves and one of ours are among them."""
    seen: dict[str, Version] = {}
    for page in range(1, _PAGES + 1):
        items = [item for item in get(client, f"{scripts}/versions?page={page}")["items"] if item["id"] not in seen]
        found = {item["id"]: _version(item) for item in items}
        seen |= found
        yield from found.values()
        known = any(version.is_upload and version.tag.startswith(ours) for version in seen.values())
        if not items or (known and serving in seen):
            return


def _version(item: Mapping[str, Any]) -> Version:
    annotations = item.get("annotations") or {}
    return Version(
        id=_text(item["id"]),
        number=int(item["number"]),
        tag=_text(annotations.get("workers/tag") or ""),
        message=_text(annotations.get("workers/message") or ""),
        triggered_by=_text(annotations.get("workers/triggered_by") or "upload"),
    )


def _deployment(item: Mapping[str, Any]) -> Deployment:
    return Deployment(
        versions=tuple(_text(served["version_id"]) for served in item["versions"] if served["percentage"] > 0),
        author=_text(item.get("author_email") or "somebody"),
        created_on=_text(item["created_on"]),
    )


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value
