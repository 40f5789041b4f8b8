"""What the local Cloudflare remembers: plain frozen data; a change is a new value."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

SECRET = "secret_text"  # noqa: S105  the name of a type
Binding = Mapping[str, Any]

AUTHOR_EMAIL = "rehearsal@example.com"
AUTHOR_ID = "00000000000000000000000000000001"


@dataclass(frozen=True, slots=True, kw_only=True)
class Module:
    """One uploaded part."""

    name: str
    content_type: str
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One version of a worker, complete; ``bindings`` hold the secrets' texts and are never shown by ``repr``."""

    id: str
    number: int
    created_on: str
    source: str
    annotations: Mapping[str, str]
    main_module: str
    modules: tuple[Module, ...]
    compatibility_date: str
    compatibility_flags: tuple[str, ...]
    bindings: tuple[Binding, ...] = field(repr=False)
    placement: Mapping[str, Any] = field(default_factory=dict)
    limits: Mapping[str, Any] = field(default_factory=dict)

    @property
    def etag(self) -> str:
        """Name the code, and only the code: the same modules have the same etag."""
        digest = hashlib.sha256()
        for module in sorted(self.modules, key=lambda module: module.name):
            digest.update(f"{module.name}\0{len(module.body)}\0".encode() + module.body)
        return digest.hexdigest()

    @property
    def main(self) -> Module:
        """Return the entry point."""
        return next(module for module in self.modules if module.name == self.main_module)

    @property
    def secrets(self) -> dict[str, str]:
        """Return the texts of the secrets by name; for the edge and for comparing, never for an answer."""
        return {item["name"]: item["text"] for item in self.bindings if item["type"] == SECRET}


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """A version's share of the traffic, in percent."""

    version_id: str
    percentage: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """Which versions serve, since when, and why."""

    id: str
    created_on: str
    source: str
    annotations: Mapping[str, str]
    shares: tuple[Share, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """One cron trigger."""

    cron: str
    created_on: str
    modified_on: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Worker:
    """One script: ``versions`` oldest first, ``deployments`` newest first, and what is not versioned."""

    name: str
    tag: str
    created_on: str
    modified_on: str
    versions: tuple[Version, ...] = ()
    deployments: tuple[Deployment, ...] = ()
    enabled: bool = False
    previews_enabled: bool = False
    schedules: tuple[Schedule, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)

    @property
    def latest(self) -> Version:
        """Return the newest version, deployed or not."""
        return self.versions[-1]

    @property
    def live(self) -> Version:
        """Return the newest version that serves."""
        serving = {share.version_id for share in self.deployments[0].shares}
        return next(version for version in reversed(self.versions) if version.id in serving)

    def with_version(self, version: Version) -> Worker:
        """Return the worker with one version more."""
        return replace(self, versions=(*self.versions, version), modified_on=version.created_on)

    def with_deployment(self, deployment: Deployment) -> Worker:
        """Return the worker with this deployment as the live one."""
        return replace(self, deployments=(deployment, *self.deployments), modified_on=deployment.created_on)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bucket:
    """One R2 bucket; its objects lie at the edge under ``edge_name``."""

    name: str
    jurisdiction: str
    creation_date: str
    location: str
    storage_class: str
    rules: tuple[Mapping[str, Any], ...]

    @property
    def edge_name(self) -> str:
        """Return the name of the place at the edge."""
        return edge_bucket(self.name, self.jurisdiction)


def edge_bucket(name: str, jurisdiction: str) -> str:
    """Return where a bucket's objects lie at the edge: a name may exist once in each jurisdiction."""
    if jurisdiction == "default":
        return name
    return f"{jurisdiction}-{hashlib.sha256(name.encode()).hexdigest()[:40]}"
