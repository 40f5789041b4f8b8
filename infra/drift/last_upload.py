"""The last upload of this stack among the versions of a live worker."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from cloudflare_client.versions import WorkerVersion, find_newest
from infra.account import LiveWorker
from infra.drift.tag import is_own_upload
from infra.errors import DeploymentError

Bindings = Sequence[Mapping[str, Any]]


class ForeignWorkerError(DeploymentError):
    """A worker of this name exists that this stack never uploaded, and the stack may not adopt it."""


def find_last_upload(worker: LiveWorker, owner: str) -> WorkerVersion | None:
    """Return the newest version with a tag of this stack, None where there is none."""
    return find_newest(version for version in worker.versions if is_own_upload(version, owner))


def list_uploads(worker: LiveWorker, owner: str) -> list[WorkerVersion]:
    """Return the known versions with a tag of this stack, newest first."""
    found = (version for version in worker.versions if is_own_upload(version, owner))
    return sorted(found, key=lambda version: version.number, reverse=True)


def uploaded_bindings(
    worker: LiveWorker | None, owner: str, *, adopt: bool, advice: str, read_bindings: Callable[[str], Bindings]
) -> Bindings | None:
    """Return the bindings of this stack's last upload, None for a worker that is new or will be adopted.

    ``read_bindings`` returns those of a version. Raises ForeignWorkerError, with the ``advice``, for a worker that this
    stack never uploaded when it may not adopt.
    """
    if worker is None:
        return None
    last = find_last_upload(worker, owner)
    if last is not None:
        return worker.bindings if last.id == worker.version_id else read_bindings(last.id)
    if not adopt:
        raise ForeignWorkerError(f"worker {worker.name!r} already exists but was not deployed by this stack: {advice}")
    return None
