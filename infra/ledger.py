"""The ledger: whether what is live was uploaded by this stack, and is untouched since.

Each upload carries a mark as ``workers/tag``: what was declared when it was uploaded. Where the live worker is not
what its mark says, the upload's ``workers/message`` changes to what is superseded, and with it the preview: the engine
then sends script and every binding again. Source: shared contracts, section 7; docs/architecture.md.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import manifest
from infra import live
from infra.bindings import kinds

_MESSAGE_LIMIT = 1_000  # bytes, Cloudflare's


class ForeignWorkerError(Exception):
    """A worker of this name exists that this stack never uploaded, and the stack does not adopt."""


def mark(promised: manifest.Manifest) -> str:
    """Return the mark of an upload, at most 100 bytes: whose it is, and what was promised, scheduled and bound."""
    bound = _bound({"name": item.name, "type": item.type, **item.properties} for item in promised.bindings)
    return f"{_owner(promised)}{promised.digest()}:{_digest(sorted(promised.schedules))}:{bound}"


def message(promised: manifest.Manifest, worker: live.Worker | None, *, adopt: bool) -> str | None:
    """Return the upload's message: the live one while the live worker is ours, else what is superseded.

    Raises ForeignWorkerError when the worker was never this stack's.
    """
    if worker is None:
        return None
    owner = _owner(promised)
    ours = [version for version in worker.versions if version.tag.startswith(owner)]
    if not ours and not adopt:
        raise ForeignWorkerError(
            f"the worker {promised.worker.name!r} exists, and no version of it is an upload of this stack: "
            "to take it over, run: pulumi config set adopt true"
        )
    serving = next((version for version in worker.versions if version.id in worker.deployment.versions), None)
    changed = _changed(worker, serving, ours, owner)
    if changed is None and serving is not None:
        return serving.message or None
    author, moment = worker.deployment.author, worker.deployment.created_on[:19].replace("T", " ")
    text = f"supersedes {worker.deployment.versions[0][:8]}, changed outside ({changed})"
    if changed != "crons":  # of those nobody records who and when
        text += f" by {author} on {moment} UTC"
    return text.encode()[:_MESSAGE_LIMIT].decode(errors="ignore")


def _changed(worker: live.Worker, serving: live.Version | None, ours: Sequence[live.Version], owner: str) -> str | None:
    """Return what made the live worker differ from its mark, or None when nothing did."""
    if len(worker.deployment.versions) > 1:
        return "split over several versions"
    if serving is None:
        return "version unknown"
    if serving not in ours or serving.triggered_by not in {"upload", "version_upload"}:
        return serving.triggered_by
    if serving.number < max(version.number for version in ours):
        return "rollback"
    crons, _, bound = serving.tag.removeprefix(owner).partition(":")[2].partition(":")
    if bound != _bound(worker.bindings):
        return "bindings"
    return None if crons == _digest(worker.schedules) else "crons"


def _owner(promised: manifest.Manifest) -> str:
    return f"bv:{_digest([promised.project, promised.stack])}:"


def _bound(bindings: Iterable[Mapping[str, Any]]) -> str:
    """Return a digest of bindings by what is promised of them; the API adds fields that nobody declared."""
    known = kinds()
    rows = []
    for item in bindings:
        kind = known.get(item["type"])
        public = [] if kind is None else [f.name for f in dataclasses.fields(kind) if f.repr and f.name != "name"]
        rows.append([item["name"], item["type"], *(item.get(field) for field in public)])
    return _digest(sorted(rows, key=lambda row: row[0]))


def _digest(value: object) -> str:
    return hashlib.sha256(json.dumps(value).encode()).hexdigest()[:8]
