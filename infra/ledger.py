"""The ledger: whether what is live was uploaded by this stack, and is untouched since.

Each upload carries a mark as ``workers/tag``: what was declared when it was uploaded. Where the live worker is not
what its mark says, the upload's ``workers/message`` changes to what is superseded, and with it the preview: the engine
then sends script and every binding again. Source: shared contracts, section 7; docs/architecture.md.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from contract import manifest
from contract.drift import ADDED, CHANGED, DELETED, Bound, Change, Supersession
from infra import live
from infra.bindings import kinds

Bindings = Sequence[Mapping[str, Any]]


class ForeignWorkerError(Exception):
    """A worker of this name exists that this stack never uploaded, and the stack does not adopt."""


def owner(project: str, stack: str) -> str:
    """Return how the mark of every upload of a stack begins."""
    return f"bv:{_digest([project, stack])}:"


def mark(promised: manifest.Manifest) -> str:
    """Return the mark of an upload, at most 100 bytes: whose it is, and what was promised, scheduled and bound."""
    bound = _bound({"name": item.name, "type": item.type, **item.properties} for item in promised.bindings)
    crons = _digest(sorted(promised.schedules))
    return f"{owner(promised.project, promised.stack)}{promised.digest()}:{crons}:{bound}"


def superseded(
    promised: manifest.Manifest, worker: live.Worker | None, *, uploaded: Bindings | None
) -> Supersession | None:
    """Return what an upload now would supersede; None while nothing is live, or what is live is ours and untouched.

    ``uploaded`` are the bindings of this stack's last upload, None where there is none and the worker is adopted.
    """
    ours = owner(promised.project, promised.stack)
    how = None if worker is None else _changed(worker, ours)
    if worker is None or how is None:
        return None
    declared = _digest(sorted(promised.schedules)) if uploaded is None else _marked(_last(worker, ours), ours)[0]
    deployment = worker.deployment
    return Supersession(
        version=deployment.versions[0],
        how=how,
        by=None if how == "crons" else deployment.author,  # of those nobody records who and when
        on=None if how == "crons" else deployment.moment,
        adopted=uploaded is None,
        changes=() if uploaded is None else tuple(_changes(uploaded, worker, ours)),
        crons=None if declared == _digest(worker.schedules) else worker.schedules,
        lost=tuple(_lost(promised, worker.bindings)) if uploaded is None else (),
        replaced=tuple(_replaced(promised, worker.bindings)) if uploaded is None else (),
    )


def message(promised: manifest.Manifest, worker: live.Worker | None, superseded: Supersession | None) -> str | None:
    """Return the message of the next upload: what it supersedes, else the live one, so that nothing changes.

    An upload that comes of a changed promise says nothing: what an earlier one superseded is not its matter.
    """
    if superseded is not None:
        return str(superseded)
    serving = None if worker is None else worker.serving
    same = serving is not None and serving.tag == promised.worker.tag
    return serving.message if serving is not None and same and serving.message else None


def uploaded(
    worker: live.Worker | None, ours: str, *, adopt: bool, bindings_of: Callable[[str], Bindings]
) -> Bindings | None:
    """Return the bindings of this stack's last upload; None where there is no worker yet, or it is to be adopted.

    ``bindings_of`` asks for those of a version. Raises ForeignWorkerError when the worker never was this stack's, and
    the stack does not adopt.
    """
    if worker is None:
        return None
    last = _last(worker, ours)
    if last is not None:
        return worker.bindings if last.id == worker.deployment.versions[0] else bindings_of(last.id)
    if not adopt:
        raise ForeignWorkerError(
            f"the worker {worker.name!r} exists, and no version of it is an upload of this stack: "
            "to take it over, run: pulumi config set adopt true"
        )
    return None


def _last(worker: live.Worker, ours: str) -> live.Version | None:
    found = [version for version in worker.versions if version.is_upload and version.tag.startswith(ours)]
    return max(found, key=lambda version: version.number, default=None)


def _marked(version: live.Version | None, ours: str) -> tuple[str, str]:
    """Return the digests of crons and bindings in a version's mark."""
    crons, _, bound = ("" if version is None else version.tag).removeprefix(ours).partition(":")[2].partition(":")
    return crons, bound


def _changed(worker: live.Worker, ours: str) -> str | None:
    """Return what made the live worker differ from its mark, or None when nothing did."""
    if len(worker.deployment.versions) > 1:
        return "split over several versions"
    serving = worker.serving
    if serving is None:
        return "version unknown"
    if not serving.tag.startswith(ours) or not serving.is_upload:
        return "upload" if serving.is_upload else serving.triggered_by
    if serving != _last(worker, ours):
        return "rollback"
    crons, bound = _marked(serving, ours)
    if bound != _bound(worker.bindings):
        return "bindings"
    return None if crons == _digest(worker.schedules) else "crons"


def _changes(before: Bindings, worker: live.Worker, ours: str) -> list[Change]:
    """Return what became of each binding since our upload.

    That a secret has another value is told by what made the version, and only where nothing else came in between.
    """
    now, last = worker.bindings, _last(worker, ours)
    old, new = ({item["name"]: _row(item) for item in bindings} for bindings in (before, now))
    found = [Change(name=name, what=DELETED) for name in old if name not in new]
    found += [Change(name=name, what=ADDED) for name in new if name not in old]
    found += [Change(name=name, what=CHANGED) for name in new if name in old and old[name] != new[name]]
    secrets = [item["name"] for item in now if item["type"] == "secret_text"]
    directly = len(worker.versions) > 1 and worker.versions[0] == worker.serving and worker.versions[1] == last
    if directly and worker.versions[0].triggered_by == "secret" and not found and len(secrets) == 1:
        found.append(Change(name=secrets[0], what=CHANGED))
    return found


def _lost(promised: manifest.Manifest, bindings: Bindings) -> Iterable[Bound]:
    """Yield the bindings of which nothing declares the name and kind: another kind under a name is another thing."""
    declared = {(item.name, item.type) for item in promised.bindings}
    found = ((item["name"], item["type"]) for item in bindings)
    return (Bound(name=name, type=kind) for name, kind in found if (name, kind) not in declared)


def _replaced(promised: manifest.Manifest, bindings: Bindings) -> Iterable[Bound]:
    """Yield the bindings that are declared with another value; a secret's is never known."""
    rows = [_row({"name": item.name, "type": item.type, **item.properties}) for item in promised.bindings]
    declared = {(row[0], row[1]): row for row in rows}
    for item in bindings:
        if declared.get((item["name"], item["type"]), _row(item)) != _row(item):
            yield Bound(name=item["name"], type=item["type"])


def _bound(bindings: Iterable[Mapping[str, Any]]) -> str:
    """Return a digest of bindings by what is promised of them; the API adds fields that nobody declared."""
    return _digest(sorted((_row(item) for item in bindings), key=lambda row: row[0]))


def _row(item: Mapping[str, Any]) -> list[Any]:
    """Return what of a binding is compared; what may be left out is in it only where it says something."""
    kind = kinds().get(item["type"])
    public = [] if kind is None else [f for f in dataclasses.fields(kind) if f.repr and f.name != "name"]
    values = [_plain(item["type"], item.get(f.name)) for f in public if f.default is dataclasses.MISSING]
    extra = [(f.name, item.get(f.name), f.metadata["absent"]) for f in public if "absent" in f.metadata]
    more = [[name, value] for name, value, absent in extra if value not in (None, "", absent)]
    return [item["name"], item["type"], *values, *more]


def _plain(kind: str, value: object) -> object:
    """Return a value as it is compared: JSON by what it means, however it is written."""
    if kind != "json" or not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value


def _digest(value: object) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:8]
