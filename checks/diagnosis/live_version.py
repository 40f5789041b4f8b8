"""What is live of the worker and how it came to be, in the words of a finding; for the checks of steps 2 and 3."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

from checks.check import Context
from checks.clients.cloudflare.transport import CloudflareInconclusive
from checks.model.finding import Cause, Finding
from cloudflare_client.errors import NO_SCRIPT, NO_SERVICE
from cloudflare_client.versions import WorkerDeployment, WorkerVersion, find_newest

if TYPE_CHECKING:
    from cloudflare_client.versions import VersionDetail


def deployment(context: Context) -> WorkerDeployment | Finding:
    """Return what serves now, or what to say where Cloudflare has no such worker or none of it is deployed."""
    worker = context.manifest.worker.name
    try:
        live = context.cloudflare.read_deployment(worker)
    except CloudflareInconclusive as error:
        return absent(context, error)
    return live if live.shares else wrong(context, f"worker {worker}", "deployed", "no version of it is live")


def absent(context: Context, error: CloudflareInconclusive) -> Finding:
    """Return what to say when the API knows no such worker; raises any other refusal again."""
    if not error.codes & {NO_SCRIPT, NO_SERVICE}:
        raise error
    worker = context.manifest.worker.name
    return wrong(context, f"worker {worker}", "deployed", f"Cloudflare knows no such worker ({context.stack})")


def versions(context: Context, live: WorkerDeployment) -> tuple[WorkerVersion, ...]:
    """Return the newest versions, newest first: as many as hold what is live and the program's last upload."""
    worker = context.manifest.worker

    def enough(found: Mapping[str, WorkerVersion]) -> bool:
        return live.ids <= found.keys() and any(is_declared(version, worker.tag) for version in found.values())

    return context.cloudflare.list_versions(worker.name, enough)


def serving(context: Context, live: WorkerDeployment, known: Collection[WorkerVersion]) -> tuple[WorkerVersion, ...]:
    """Return the versions that serve, in the deployment's order; one that is not known is asked for by its id."""
    found = {version.id: version for version in known}
    name = context.manifest.worker.name
    return tuple(
        found.get(share.version_id) or context.cloudflare.read_version(name, share.version_id).version
        for share in live.shares
    )


def details(context: Context, live: WorkerDeployment) -> tuple[VersionDetail, ...]:
    """Return the versions that serve, with their bindings."""
    return tuple(
        context.cloudflare.read_version(context.manifest.worker.name, share.version_id) for share in live.shares
    )


def is_declared(version: WorkerVersion, tag: str) -> bool:
    """Return whether a version is the program's upload of what is declared now."""
    return version.tag == tag and version.is_upload


def is_ours(version: WorkerVersion, tag: str) -> bool:
    """Return whether a version is any upload of the stack whose mark this is: the mark's first two parts say whose."""
    return version.is_upload and version.tag.split(":")[:2] == tag.split(":")[:2]


def last_upload(known: Collection[WorkerVersion], tag: str) -> WorkerVersion | None:
    """Return the program's last upload of what is declared now, None where no known version is one."""
    return find_newest(version for version in known if is_declared(version, tag))


def wrong(context: Context, subject: str, expected: str, actual: str) -> Finding:
    """Return the finding for something live that is not as declared: another upload puts it right."""
    return Finding(
        subject=subject, expected=expected, found=actual, cause=Cause.CONFIGURATION, hint=context.pulumi("up")
    )
