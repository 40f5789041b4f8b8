"""Defects of the program's own code: the manifest has the digest of the code that a fault has uploaded."""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from rehearsal.local_system.outside_pulumi import TAG
from rehearsal.local_system.stack import STACK

if TYPE_CHECKING:
    from rehearsal.local_system import LocalSystem


def declare_live_code(local: LocalSystem, manifest: Mapping[str, Any]) -> dict[str, Any]:
    """Return the manifest as if the program had deployed the live code, where that code has the manifest's tag."""
    declared = copy.deepcopy(dict(manifest))
    worker = local.cloudflare.account.workers.get(local.worker_name)
    if worker is not None and worker.live.annotations.get(TAG) == declared["worker"]["tag"]:
        declared["worker"]["code"] = hashlib.sha256(worker.live.main.body).hexdigest()
    return declared


async def select_manifest(local: LocalSystem) -> tuple[str, str]:
    """Return the stack as the source of the manifest, or a file where a defect counts as the program's own."""
    deployed = json.loads(await local.pulumi("stack", "output", "manifest", "--show-secrets", "--stack", STACK))
    declared = declare_live_code(local, deployed)
    if declared == deployed:
        return "--stack", STACK
    file = local.folder / "manifest.json"
    file.write_text(json.dumps(declared))
    return "--manifest", str(file)
