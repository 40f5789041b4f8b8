"""The last upload of this stack among the versions of a live worker."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from cloudflare_client.versions import WorkerVersion, find_newest
from infra.account import LiveWorker
from infra.declarations import WorkerDeclaration
from infra.drift.tag import is_own_upload, read_owner
from infra.errors import DeploymentError

Bindings = Sequence[Mapping[str, Any]]


class OtherStackError(DeploymentError):
    """The live worker is an upload of another stack of this program."""


class ForeignWorkerError(DeploymentError):
    """A worker of this name exists that this stack never uploaded, and the stack may not adopt it."""


def find_last_upload(worker: LiveWorker, owner: str) -> WorkerVersion | None:
    """Return the newest version with a tag of this stack, None where there is none."""
    return find_newest(version for version in worker.versions if is_own_upload(version, owner))


def list_uploads(worker: LiveWorker, owner: str) -> list[WorkerVersion]:
    """Return the known versions with a tag of this stack, newest first."""
    found = (version for version in worker.versions if is_own_upload(version, owner))
    return sorted(found, key=lambda version: version.number, reverse=True)


def find_other_stack(worker: LiveWorker, owner: str) -> str | None:
    """Return the beginning of the live tag where it names another stack of this program, None elsewhere.

    A version without a tag, such as one with a changed secret, follows from the upload before it.
    """
    numbers = [version.number for version in worker.versions if version.id in worker.deployment.ids]
    for number in numbers or [version.number for version in worker.versions[:1]]:
        before = (version for version in worker.versions if version.number <= number and read_owner(version))
        base = find_newest(before)
        if base is not None and not is_own_upload(base, owner):
            return read_owner(base)
    return None


def uploaded_bindings(
    worker: LiveWorker | None, owner: str, *, declaration: WorkerDeclaration, read_bindings: Callable[[str], Bindings]
) -> Bindings | None:
    """Return the bindings of this stack's last upload, None for a worker that is new or will be adopted.

    ``read_bindings`` returns those of a version. Raises OtherStackError for a worker of another stack of this program,
    and ForeignWorkerError for one that this stack never uploaded, unless the stack may adopt it.
    """
    if worker is None:
        return None
    other = find_other_stack(worker, owner)
    if other is not None and not declaration.adopts_other_stack:
        raise OtherStackError(
            f"worker {worker.name!r} was deployed by another stack of this program (its tag begins with {other}). "
            f"Choose another name, run: pulumi config set {declaration.setting} ANOTHER. {declaration.advice_on_stack}"
        )
    last = find_last_upload(worker, owner)
    if last is not None:
        return worker.bindings if last.id == worker.version_id else read_bindings(last.id)
    if not declaration.adopt:
        raise ForeignWorkerError(
            f"worker {worker.name!r} already exists but was not deployed by this stack: {declaration.advice}"
        )
    return None
