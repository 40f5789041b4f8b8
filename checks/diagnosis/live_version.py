"""What is live of the worker and how it came to be, in the words of a finding; for the checks of steps 2 and 3."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

from checks.check import Context
from checks.clients.cloudflare.answers import NO_SCRIPT, NO_SERVICE, ApiError
from checks.clients.cloudflare.versions import Deployment, Version, newest
from checks.model.finding import Cause, Finding

if TYPE_CHECKING:
    from checks.clients.cloudflare.versions import Detail


def deployment(context: Context) -> Deployment | Finding:
    """Return what serves now, or what to say where Cloudflare has no such worker or none of it is deployed."""
    worker = context.manifest.worker.name
    try:
        live = context.cloudflare.deployment(worker)
    except ApiError as error:
        return absent(context, error)
    return live if live.shares else wrong(context, f"worker {worker}", "deployed", "no version of it is live")


def absent(context: Context, error: ApiError) -> Finding:
    """Return what to say when the API knows no such worker; raises any other refusal again."""
    if not error.codes & {NO_SCRIPT, NO_SERVICE}:
        raise error
    worker = context.manifest.worker.name
    return wrong(context, f"worker {worker}", "deployed", f"Cloudflare knows no such worker ({context.stack})")


def versions(context: Context, live: Deployment) -> tuple[Version, ...]:
    """Return the newest versions, newest first: as many as hold what is live and the program's last upload."""
    worker = context.manifest.worker

    def enough(found: Mapping[str, Version]) -> bool:
        return live.ids <= found.keys() and any(is_declared(version, worker.tag) for version in found.values())

    return context.cloudflare.versions(worker.name, enough)


def serving(context: Context, live: Deployment, known: Collection[Version]) -> tuple[Version, ...]:
    """Return the versions that serve, in the deployment's order; one that is not known is asked for by its id."""
    found = {version.id: version for version in known}
    name = context.manifest.worker.name
    return tuple(
        found.get(share.version_id) or context.cloudflare.version(name, share.version_id).version
        for share in live.shares
    )


def details(context: Context, live: Deployment) -> tuple[Detail, ...]:
    """Return the versions that serve, with their bindings."""
    return tuple(context.cloudflare.version(context.manifest.worker.name, share.version_id) for share in live.shares)


def is_declared(version: Version, tag: str) -> bool:
    """Return whether a version is the program's upload of what is declared now."""
    return version.tag == tag and version.uploaded


def is_ours(version: Version, tag: str) -> bool:
    """Return whether a version is any upload of the stack whose mark this is: the mark's first two parts say whose."""
    return version.uploaded and version.tag.split(":")[:2] == tag.split(":")[:2]


def last_upload(known: Collection[Version], tag: str) -> Version | None:
    """Return the program's last upload of what is declared now, None where no known version is one."""
    return newest(version for version in known if is_declared(version, tag))


def wrong(context: Context, subject: str, expected: str, actual: str) -> Finding:
    """Return the finding for something live that is not as declared: another upload puts it right."""
    return Finding(
        subject=subject, expected=expected, found=actual, cause=Cause.CONFIGURATION, hint=context.pulumi("up")
    )
