"""Compares the live version of the worker with the uploads of the stack."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

from checks.check import Context
from checks.clients.cloudflare.answers import NO_SCRIPT, NO_SERVICE, ApiError
from checks.clients.cloudflare.versions import Deployment, Version, newest
from checks.model.finding import Cause, Failed, Finding
from checks.model.hint import Hint

if TYPE_CHECKING:
    from checks.clients.cloudflare.versions import Detail


def read_deployment(context: Context) -> Deployment:
    """Return the live deployment. Raises Failed where the worker does not exist, or no version of it is live."""
    worker = context.manifest.worker.name
    try:
        deployment = context.cloudflare.deployment(worker)
    except ApiError as error:
        raise_if_missing(context, error)
        raise
    if not deployment.shares:
        raise Failed(describe_difference(f"worker {worker}", "deployed", "no version of it is live"))
    return deployment


def raise_if_missing(context: Context, error: ApiError) -> None:
    """Raise Failed if the API's refusal says that the worker does not exist."""
    if error.codes & {NO_SCRIPT, NO_SERVICE}:
        found = f"Cloudflare knows no such worker ({context.stack})"
        raise Failed(describe_difference(f"worker {context.manifest.worker.name}", "deployed", found)) from None


def read_versions(context: Context, live: Deployment) -> tuple[Version, ...]:
    """Return the newest versions, newest first: at least the live ones and the stack's last upload."""
    worker = context.manifest.worker

    def is_enough(found: Mapping[str, Version]) -> bool:
        return live.ids <= found.keys() and any(is_current_upload(version, worker.tag) for version in found.values())

    return context.cloudflare.versions(worker.name, is_enough)


def read_serving_versions(context: Context, live: Deployment, known: Collection[Version]) -> tuple[Version, ...]:
    """Return the live versions in the deployment's order. One that is not among the known ones is read by its id."""
    found = {version.id: version for version in known}
    name = context.manifest.worker.name
    return tuple(
        found.get(share.version_id) or context.cloudflare.version(name, share.version_id).version
        for share in live.shares
    )


def read_serving_details(context: Context, live: Deployment) -> tuple[Detail, ...]:
    """Return the live versions with their bindings."""
    return tuple(context.cloudflare.version(context.manifest.worker.name, share.version_id) for share in live.shares)


def is_current_upload(version: Version, tag: str) -> bool:
    """Return whether a version is an upload of the current manifest, which has this tag."""
    return version.tag == tag and version.uploaded


def is_stack_upload(version: Version, tag: str) -> bool:
    """Return whether a version is any upload of the stack with this tag. The tag's first two parts name the stack."""
    return version.uploaded and version.tag.split(":")[:2] == tag.split(":")[:2]


def find_last_upload(known: Collection[Version], tag: str) -> Version | None:
    """Return the last upload of the current manifest, or None where no known version is one."""
    return newest(version for version in known if is_current_upload(version, tag))


def describe_difference(subject: str, expected: str, found: str) -> Finding:
    """Return the finding for a live part that differs from the manifest. Another upload restores it."""
    return Finding(subject=subject, expected=expected, found=found, cause=Cause.CONFIGURATION, hint=Hint.deploy())
