"""The live worker at preview: its deployment, versions, bindings and crons."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cloudflare_client.client import CloudflareClient
from cloudflare_client.errors import AbsentError, UnknownShapeError
from cloudflare_client.httpx_transport import connect as connect
from cloudflare_client.versions import WorkerVersion

Version = WorkerVersion


class NotDeployedError(Exception):
    """A worker exists, and no version of it is deployed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """The live deployment: the ids of the live versions, its author, and its time (ISO 8601)."""

    versions: tuple[str, ...]
    author: str
    created_on: str

    @property
    def moment(self) -> str:
        """Return the time to the second, in UTC, for a message."""
        return self.created_on[:19].replace("T", " ")


@dataclass(frozen=True, slots=True, kw_only=True)
class Worker:
    """A live worker. ``bindings`` are those of the (first) live version, ``latest`` those of the newest version.

    ``versions``, newest first, reach back to the live version and to the newest upload of this stack.
    """

    name: str
    deployment: Deployment
    versions: tuple[Version, ...]
    bindings: tuple[Mapping[str, Any], ...]
    latest: tuple[Mapping[str, Any], ...]
    schedules: tuple[str, ...]

    @property
    def serving(self) -> Version | None:
        """Return the (first) live version, None if the list of versions does not contain it."""
        return next((version for version in self.versions if version.id == self.deployment.versions[0]), None)


def read(client: CloudflareClient, name: str, *, ours: str) -> Worker | None:
    """Return the live worker, None if there is no such worker. The tags of this stack's uploads begin with ``ours``.

    Raises CloudflareError when the API gives no usable answer, NotDeployedError when no version is live.
    """
    try:
        found = client.read_deployment(name)
    except AbsentError:
        return None
    live = tuple(share.version_id for share in found.shares)
    if not live:
        raise NotDeployedError(f"the worker {name!r} exists, and nothing of it is deployed: deploy or delete it first")
    if not found.created_on:
        raise UnknownShapeError("a deployment has no created_on")

    def enough(versions: Mapping[str, Version]) -> bool:
        uploaded = any(version.is_upload and version.tag.startswith(ours) for version in versions.values())
        return uploaded and live[0] in versions

    versions = client.list_versions(name, enough)
    bound = bindings(client, name, live[0])
    newest = versions[0].id if versions else live[0]
    return Worker(
        name=name,
        deployment=Deployment(versions=live, author=found.author, created_on=found.created_on),
        versions=versions,
        bindings=bound,
        latest=bound if newest == live[0] else bindings(client, name, newest),
        schedules=tuple(sorted(client.list_schedules(name))),
    )


def bindings(client: CloudflareClient, name: str, version: str) -> tuple[Mapping[str, Any], ...]:
    """Return the bindings of one version of a worker, secrets without their values. Raises CloudflareError."""
    return tuple(client.read_version(name, version).bindings.values())
