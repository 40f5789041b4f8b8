"""Compares the live version of the worker with the uploads of the stack."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

from checks.check import Context
from checks.clients.cloudflare.errors import CloudflareInconclusive
from checks.model.finding import Cause, Failed, Finding
from checks.model.hint import Hint
from cloudflare_client.errors import NO_SCRIPT, NO_SERVICE
from cloudflare_client.versions import WorkerDeployment, WorkerVersion, find_newest

if TYPE_CHECKING:
    from cloudflare_client.versions import VersionDetail

MAX_CHANGES = 5  # named before the last one


def read_deployment(context: Context) -> WorkerDeployment:
    """Return the live deployment. Raises Failed where the worker does not exist, or no version of it is live."""
    worker = context.manifest.worker.name
    try:
        deployment = context.cloudflare.read_deployment(worker)
    except CloudflareInconclusive as error:
        raise_if_missing(context, error)
        raise
    if not deployment.shares:
        raise Failed(describe_difference(f"worker {worker}", "deployed", "no version of it is live"))
    return deployment


def raise_if_missing(context: Context, error: CloudflareInconclusive) -> None:
    """Raise Failed if the API's refusal says that the worker does not exist."""
    if error.codes & {NO_SCRIPT, NO_SERVICE}:
        found = f"Cloudflare has no such worker (stack {context.stack})"
        raise Failed(describe_difference(f"worker {context.manifest.worker.name}", "deployed", found)) from None


def read_versions(context: Context, live: WorkerDeployment) -> tuple[WorkerVersion, ...]:
    """Return the newest versions, newest first: at least the live ones and the stack's last upload."""
    worker = context.manifest.worker

    def is_enough(found: Mapping[str, WorkerVersion]) -> bool:
        return live.ids <= found.keys() and any(is_current_upload(version, worker.tag) for version in found.values())

    return context.cloudflare.list_versions(worker.name, is_enough)


def read_serving_versions(
    context: Context, live: WorkerDeployment, known: Collection[WorkerVersion]
) -> tuple[WorkerVersion, ...]:
    """Return the live versions in the deployment's order. One that is not among the known ones is read by its id."""
    found = {version.id: version for version in known}
    name = context.manifest.worker.name
    return tuple(
        found.get(share.version_id) or context.cloudflare.read_version(name, share.version_id).version
        for share in live.shares
    )


def read_serving_details(context: Context, live: WorkerDeployment) -> tuple[VersionDetail, ...]:
    """Return the live versions with their bindings."""
    return tuple(
        context.cloudflare.read_version(context.manifest.worker.name, share.version_id) for share in live.shares
    )


def is_current_upload(version: WorkerVersion, tag: str) -> bool:
    """Return whether a version is an upload of the current manifest, which has this tag."""
    return version.tag == tag and version.is_upload


def is_stack_upload(version: WorkerVersion, tag: str) -> bool:
    """Return whether a version is any upload of the stack with this tag. The tag's first two parts name the stack."""
    return version.is_upload and version.tag.split(":")[:2] == tag.split(":")[:2]


def is_unfinished(version: WorkerVersion, last: WorkerVersion | None, tag: str) -> bool:
    """Return whether a version is an upload of the stack after which a `pulumi up` did not finish.

    A refused upload leaves the manifest of a version that does not exist, and the state of the stack may have an older
    manifest. ``last`` is the last upload of the manifest with this tag.
    """
    newer = last is None or version.number > last.number
    return newer and version.tag != tag and is_stack_upload(version, tag)


def describe_earlier_changes(
    live: WorkerDeployment, known: Collection[WorkerVersion], last: WorkerVersion | None
) -> str:
    """Return the other foreign versions since the ``last`` upload, as the end of a text about the live one."""
    earlier = [
        f"{version.short}, {version.made}"
        for version in sorted(known, key=lambda version: version.number, reverse=True)
        if last is not None
        and version.number > last.number
        and version.id not in live.ids
        and not is_stack_upload(version, last.tag)
    ]
    return join_earlier(["", *earlier])


def join_earlier(texts: Sequence[str]) -> str:
    """Return texts about changes, newest first, as one text. The oldest of many are counted."""
    shown, more = texts[: MAX_CHANGES + 1], len(texts) - MAX_CHANGES - 1
    return ", before that ".join([*shown, *([f"{more} more changes"] if more > 0 else [])])


def find_last_upload(known: Collection[WorkerVersion], tag: str) -> WorkerVersion | None:
    """Return the last upload of the current manifest, or None where no known version is one."""
    return find_newest(version for version in known if is_current_upload(version, tag))


def is_changed_outside(versions: Collection[WorkerVersion], last: WorkerVersion | None, tag: str) -> bool:
    """Return whether a change outside Pulumi made these versions live, as far as their tags show it.

    The program uploads whole versions and sends them all requests. So a split, an older version than the ``last``
    upload of the manifest, and a version that is not an upload of the stack come from outside. A newer upload of the
    stack with another tag does not: a `pulumi up` that did not finish leaves one.
    """
    return len(versions) > 1 or any(
        not is_stack_upload(version, tag) or (last is not None and version.number < last.number) for version in versions
    )


def describe_difference(subject: str, expected: str, found: str, *, outside: bool = False) -> Finding:
    """Return the finding for a live part that differs from the manifest. Another upload restores it.

    ``outside`` says that a change outside Pulumi is known to have made the difference.
    """
    cause = Cause.OUTSIDE_CHANGE if outside else Cause.CONFIGURATION
    return Finding(subject=subject, expected=expected, found=found, cause=cause, hint=Hint.deploy())
