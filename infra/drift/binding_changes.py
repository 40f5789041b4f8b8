"""Differences between bindings: changed since the last upload, or lost and replaced by an adoption."""

from __future__ import annotations

from collections.abc import Iterator

from contract.drift import record as drift
from contract.drift.record import BindingChange, LiveBinding
from contract.manifest import Manifest
from infra.account import LiveWorker
from infra.drift.digest import row_of
from infra.drift.last_upload import Bindings, find_last_upload
from infra.settings.binding_names import FORMER_BINDINGS


def find_changes(uploaded: Bindings, worker: LiveWorker, owner: str) -> list[BindingChange]:
    """Return the bindings that were deleted, added or changed since the last upload of this stack.

    Cloudflare does not say which secret has another value. It is known only where the live version has one secret, was
    made by a change of a secret, and follows the upload directly.
    """
    now, last = worker.bindings, find_last_upload(worker, owner)
    old, new = ({item["name"]: row_of(item) for item in bindings} for bindings in (uploaded, now))
    found = [BindingChange(name=name, change=drift.DELETED) for name in old if name not in new]
    found += [BindingChange(name=name, change=drift.ADDED) for name in new if name not in old]
    found += [BindingChange(name=name, change=drift.CHANGED) for name in new if name in old and old[name] != new[name]]
    secrets = [item["name"] for item in now if item["type"] == "secret_text"]
    directly = len(worker.versions) > 1 and worker.versions[0] == worker.serving and worker.versions[1] == last
    if directly and worker.versions[0].triggered_by == "secret" and not found and len(secrets) == 1:
        found.append(BindingChange(name=secrets[0], change=drift.CHANGED))
    return found


def find_lost(manifest: Manifest, bindings: Bindings) -> Iterator[LiveBinding]:
    """Yield the bindings of which no declaration has the name and the kind, besides those that SITES replaces."""
    declared = {(item.name, item.type) for item in manifest.bindings}
    declared |= {(name, "plain_text") for name in FORMER_BINDINGS}
    found = ((item["name"], item["type"]) for item in bindings)
    return (LiveBinding(name=name, type=kind) for name, kind in found if (name, kind) not in declared)


def find_replaced(manifest: Manifest, bindings: Bindings) -> Iterator[LiveBinding]:
    """Yield the bindings that are declared with another value. The value of a secret is never known."""
    rows = [row_of(item.to_dict()) for item in manifest.bindings]
    declared = {(row[0], row[1]): row for row in rows}
    for item in bindings:
        if declared.get((item["name"], item["type"]), row_of(item)) != row_of(item):
            yield LiveBinding(name=item["name"], type=item["type"])
