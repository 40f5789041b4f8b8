"""The live account at preview: workers with their deployment, versions, bindings, crons and settings, and buckets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from cloudflare_client.buckets import FEDRAMP, JURISDICTIONS
from cloudflare_client.client import CloudflareClient
from cloudflare_client.errors import AbsentError, ApiRefusedError, CloudflareError, UnknownShapeError
from cloudflare_client.httpx_transport import connect
from cloudflare_client.queues import Queue
from cloudflare_client.script_settings import ScriptSettings
from cloudflare_client.versions import WorkerDeployment, WorkerVersion
from infra.drift.tag import is_own_upload
from infra.errors import DeploymentError
from infra.settings.settings import Settings

SUFFIX = ".workers.dev"


class WrongSubdomainError(DeploymentError):
    """The worker's URL is under a subdomain of another account."""


class NotDeployedError(DeploymentError):
    """A worker exists, and no version of it is deployed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveWorker:
    """A live worker. ``bindings`` are those of the (first) live version, ``latest`` those of the newest version.

    ``settings`` are those of the script and of the live version.
    ``versions``, newest first, reach back to the live version and to the newest upload of this stack.
    ``crons_changed_on`` is the last change of a live cron (ISO 8601), empty where it is not known.
    """

    name: str
    deployment: WorkerDeployment
    versions: tuple[WorkerVersion, ...]
    bindings: tuple[Mapping[str, Any], ...]
    latest: tuple[Mapping[str, Any], ...]
    schedules: tuple[str, ...]
    settings: ScriptSettings
    crons_changed_on: str = ""

    @property
    def version_id(self) -> str:
        """Return the id of the (first) live version."""
        return self.deployment.shares[0].version_id

    @property
    def serving(self) -> WorkerVersion | None:
        """Return the (first) live version, None if the list of versions does not contain it."""
        return next((version for version in self.versions if version.id == self.version_id), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveAccount:
    """Reads workers and buckets of one account. Raises CloudflareError when the API gives no usable answer."""

    client: CloudflareClient

    def require_subdomain(self, url: str) -> None:
        """Raise WrongSubdomainError for a URL under workers.dev with a subdomain that the account does not have.

        Without it the deployment would succeed, and nothing would answer at the URL.
        """
        host = urlsplit(url).hostname or ""
        if not host.endswith(SUFFIX):
            return
        declared, live = host.removesuffix(SUFFIX).rpartition(".")[2], self.client.read_subdomain()
        if declared != live:
            raise WrongSubdomainError(
                f"workersSubdomain: expected {live!r}, which is the account's subdomain under workers.dev, "
                f"found {declared!r}. Run: pulumi config set workersSubdomain {live}"
            )

    def read_worker(self, name: str, *, owner: str) -> LiveWorker | None:
        """Return a live worker, None if there is none. The tags of this stack's uploads begin with ``owner``.

        Raises NotDeployedError when no version is live.
        """
        try:
            found = self.client.read_deployment(name)
        except AbsentError:
            return None
        if not found.shares:
            raise NotDeployedError(
                f"the worker {name!r} exists, and nothing of it is deployed: deploy or delete it first"
            )
        if not found.created_on:
            raise UnknownShapeError("a deployment has no created_on")

        def enough(versions: Mapping[str, WorkerVersion]) -> bool:
            uploaded = any(is_own_upload(version, owner) for version in versions.values())
            return uploaded and live in versions

        live = found.shares[0].version_id
        versions = self.client.list_versions(name, enough)
        bound = self.read_bindings(name, live)
        newest = versions[0].id if versions else live
        crons = self.client.list_schedules(name)
        return LiveWorker(
            name=name,
            deployment=found,
            versions=versions,
            bindings=bound,
            latest=bound if newest == live else self.read_bindings(name, newest),
            schedules=tuple(sorted(item.cron for item in crons)),
            settings=self.client.read_settings(name),
            crons_changed_on=max((item.changed_on for item in crons), default=""),
        )

    def read_bindings(self, name: str, version: str) -> tuple[Mapping[str, Any], ...]:
        """Return the bindings of one version of a worker, a secret without its text."""
        return tuple(self.client.read_version(name, version).bindings.values())

    def find_queue(self, name: str) -> Queue | None:
        """Return the queue of this name with its consumers, None if there is none."""
        return self.client.find_queue(name)

    def find_bucket(self, name: str) -> str | None:
        """Return the jurisdiction of the R2 bucket of this name, None if there is none. The default one is first.

        A refusal by the jurisdiction fedramp means that the account cannot have a bucket there.
        """
        for jurisdiction in JURISDICTIONS:
            try:
                if self.client.has_bucket(name, jurisdiction=jurisdiction):
                    return jurisdiction
            except ApiRefusedError as error:
                if jurisdiction != FEDRAMP or error.is_transient:
                    raise
        return None


@contextmanager
def open_account(settings: Settings) -> Iterator[LiveAccount]:
    """Yield the account of a stack. Raises DeploymentError for every problem of the API."""
    try:
        with connect(base_url=settings.api_url, account_id=settings.account_id, token=settings.api_token) as client:
            yield LiveAccount(client=client)
    except CloudflareError as error:
        raise DeploymentError(str(error)) from None
