"""Defects of the program's own code: the manifest has the digest of the code that a fault has uploaded."""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from rehearsal.local_system.outside_pulumi import TAG

if TYPE_CHECKING:
    from rehearsal.local_system import LocalSystem


def declare_live_code(local: LocalSystem, manifest: Mapping[str, Any]) -> dict[str, Any]:
    """Return the manifest as if the program had deployed the live code, where that code has the manifest's tag."""
    declared = copy.deepcopy(dict(manifest))
    worker = local.cloudflare.account.workers.get(local.worker_name)
    if worker is not None and worker.live.annotations.get(TAG) == declared["worker"]["tag"]:
        declared["worker"]["code"] = hashlib.sha256(worker.live.main.body).hexdigest()
    return declared
