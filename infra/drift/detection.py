"""Finds drift: compares the live version of a worker with the tag of its upload.

An ordinary change of the program is not drift, because the live version is compared with its own tag, never with the
new declaration.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from cloudflare_client.versions import WorkerVersion, format_moment
from contract.cron.digest import are_unsent, digest_crons
from contract.drift import record as drift
from contract.drift.record import Drift, EarlierChange, SettingChange
from contract.drift.rollback import read_failed_version
from contract.drift.sentence import message_of
from contract.manifest import Manifest
from infra.account import LiveWorker
from infra.drift.binding_changes import find_changes, find_lost, find_replaced
from infra.drift.digest import digest_bindings
from infra.drift.last_upload import find_last_upload, find_other_stack, list_uploads
from infra.drift.setting_changes import are_changed, find_setting_changes
from infra.drift.tag import TagDigests, is_own_upload, owner_prefix, read_digests


def find_drift(
    manifest: Manifest,
    worker: LiveWorker | None,
    *,
    uploaded: Sequence[Mapping[str, Any]] | None,
    sent_crons: Callable[[], bool] = lambda: True,
    consumer: Sequence[SettingChange] = (),
) -> Drift | None:
    """Return how the live worker differs from the last upload of this stack, None where it does not.

    ``uploaded`` are the bindings of that upload, None where there is none and the worker is adopted. ``sent_crons``
    says whether a `pulumi up` of this stack ever sent crons. ``consumer`` are changes of the worker's queue consumer.
    """
    owner = owner_prefix(manifest.project, manifest.stack)
    origin = None if worker is None else _find_origin(worker, owner, sent_crons)
    if origin is None and consumer:
        origin = drift.QUEUE_CONSUMER
    if worker is None or origin is None:
        return None
    last = find_last_upload(worker, owner)
    sent = TagDigests(digest_crons(manifest.schedules)) if last is None else read_digests(last.tag, owner)
    deployment, adopted = worker.deployment, uploaded is None
    known = origin not in (drift.CRONS, drift.SCRIPT_SETTINGS, drift.QUEUE_CONSUMER, drift.UNFINISHED)
    settings = find_setting_changes(manifest, worker.settings) if adopted or are_changed(worker, sent.settings) else ()
    return Drift(
        version=worker.version_id,
        origin=origin,
        author=deployment.author if known else None,
        at=deployment.moment if known else None,
        adopted=adopted,
        stack=find_other_stack(worker, owner) if adopted else None,
        changes=() if uploaded is None else tuple(find_changes(uploaded, worker, owner)),
        crons=None if sent.crons == digest_crons(worker.schedules) else worker.schedules,
        lost=tuple(find_lost(manifest, worker.bindings)) if adopted else (),
        replaced=tuple(find_replaced(manifest, worker.bindings)) if adopted else (),
        earlier=() if last is None else tuple(_list_earlier(worker, last)),
        settings=(*settings, *consumer),
    )


def next_message(manifest: Manifest, worker: LiveWorker | None, found: Drift | None) -> str | None:
    """Return the message of the next upload: the drift, else the live message, so that nothing changes.

    An upload of a changed manifest has no message, because the live one is about an earlier upload.
    """
    if found is not None:
        return message_of(found)
    serving = None if worker is None else worker.serving
    if serving is None or serving.tag != manifest.worker.tag:
        return None
    return serving.message or None


def _list_earlier(worker: LiveWorker, last: WorkerVersion) -> Iterator[EarlierChange]:
    """Yield the versions between the last upload of this stack and the live change, newest first."""
    for version in worker.versions:
        if version.number > last.number and version.id not in worker.deployment.ids:
            origin = drift.UPLOAD if version.is_upload else version.triggered_by
            at = format_moment(version.created_on)
            yield EarlierChange(version=version.id, origin=origin, author=version.author, at=at)


def _find_origin(worker: LiveWorker, owner: str, sent_crons: Callable[[], bool]) -> str | None:
    """Return the kind of change that made the live worker differ from its tag, None where it does not differ."""
    if len(worker.deployment.shares) > 1:
        return drift.SPLIT
    serving = worker.serving
    if serving is None:
        return drift.UNKNOWN_VERSION
    if not is_own_upload(serving, owner):
        return drift.UPLOAD if serving.is_upload else serving.triggered_by
    if serving != find_last_upload(worker, owner):
        return drift.ROLLBACK if read_failed_version(worker.deployment.message) is None else drift.PUT_BACK
    sent = read_digests(serving.tag, owner)
    if sent.bindings != digest_bindings(worker.bindings):
        return drift.BINDINGS
    if are_changed(worker, sent.settings):
        return drift.SCRIPT_SETTINGS
    if sent.crons == digest_crons(worker.schedules):
        return None
    return drift.UNFINISHED if _has_unsent_crons(worker, owner, sent_crons) else drift.CRONS


def _has_unsent_crons(worker: LiveWorker, owner: str, sent_crons: Callable[[], bool]) -> bool:
    """Return whether the last upload's crons never reached Cloudflare: a refused request, or an ended `pulumi up`."""
    last, *earlier = list_uploads(worker, owner)
    if not worker.schedules and not earlier:
        return not sent_crons()
    return are_unsent(
        worker.schedules,
        changed_on=worker.crons_changed_on,
        uploaded_on=last.created_on,
        earlier=[version.tag for version in earlier],
    )
