"""The state of the local Cloudflare as frozen data. A change makes a new value."""

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
    """One uploaded module."""

    name: str
    content_type: str
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One complete version of a worker. ``repr`` hides ``bindings``, because they contain the texts of secrets."""

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
    usage_model: str = "standard"

    @property
    def etag(self) -> str:
        """Return a digest of the code alone: the same modules have the same etag."""
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
        """Return the texts of the secrets by name. They go to the edge and into comparisons, never into a response."""
        return {item["name"]: item["text"] for item in self.bindings if item["type"] == SECRET}


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """A version's share of the requests in percent."""

    version_id: str
    percentage: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """A deployment: the versions that serve, its time, and its trigger."""

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
class WorkerRecord:
    """One script: ``versions`` oldest first, ``deployments`` newest first, and the settings without versions."""

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
        """Return the newest version that serves requests."""
        serving = {share.version_id for share in self.deployments[0].shares if share.percentage > 0}
        return next(version for version in reversed(self.versions) if version.id in serving)

    def with_version(self, version: Version) -> WorkerRecord:
        """Return the worker with one more version."""
        return replace(self, versions=(*self.versions, version), modified_on=version.created_on)

    def with_deployment(self, deployment: Deployment) -> WorkerRecord:
        """Return the worker with this deployment as the live one."""
        return replace(self, deployments=(deployment, *self.deployments), modified_on=deployment.created_on)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bucket:
    """One R2 bucket. Its objects are in the edge's bucket ``edge_name``.

    ``public`` says that its r2.dev address is enabled. ``domains`` are its custom domains, as the API shows them.
    """

    name: str
    jurisdiction: str
    creation_date: str
    location: str
    storage_class: str
    rules: tuple[Mapping[str, Any], ...]
    public: bool = False
    domains: tuple[Mapping[str, Any], ...] = ()

    @property
    def edge_name(self) -> str:
        """Return the bucket's name at the edge."""
        return make_edge_name(self.name, self.jurisdiction)


def make_edge_name(name: str, jurisdiction: str) -> str:
    """Return a bucket's name at the edge. A bucket's name may exist once in each jurisdiction."""
    if jurisdiction == "default":
        return name
    return f"{jurisdiction}-{hashlib.sha256(name.encode()).hexdigest()[:40]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Database:
    """One D1 database, as the API shows it."""

    uuid: str
    name: str
    version: str
    created_at: str
