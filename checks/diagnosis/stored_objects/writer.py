"""Finds the version that wrote an object, and compares it with the uploads of the stack."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from checks.check import Context
from checks.diagnosis.live_version import is_stack_upload
from checks.model.finding import Inconclusive
from checks.stored_days.writer import Writer, WriterKind
from cloudflare_client.versions import find_newest

if TYPE_CHECKING:
    from cloudflare_client.answers import StoredObject
    from cloudflare_client.versions import WorkerVersion


def find_writer(context: Context, item: StoredObject) -> Writer:
    """Return the writer that an object's metadata name. Raises nothing: the writer may be unknown."""
    version_id = item.metadata.get("worker_version", "")
    if version_id not in context.writers:
        context.writers[version_id] = _read_writer(context, version_id)
    return context.writers[version_id]


def _read_writer(context: Context, version_id: str) -> Writer:
    if not version_id:
        return Writer(kind=WriterKind.UNKNOWN, version="", text="its metadata name no writer")
    worker = context.manifest.worker.name
    try:
        live = context.cloudflare.read_deployment(worker).ids
        known = {v.id: v for v in context.cloudflare.list_versions(worker, lambda found: _is_enough(found, version_id))}
    except Inconclusive:
        text = f"written by version {version_id}, and Cloudflare's list of versions could not be read"
        return Writer(kind=WriterKind.UNKNOWN, version=version_id, text=text)
    version = known.get(version_id)
    if version is None:
        text = f"written by version {version_id}, which is not a version of {worker}"
        return Writer(kind=WriterKind.FOREIGN, version=version_id, text=text)
    upload = _find_upload(known, version)
    if upload is None or not is_stack_upload(upload, context.manifest.worker.tag):
        text = f"written by version {version_id}, {version.made}, which is not an upload of this stack"
        return Writer(kind=WriterKind.FOREIGN, version=version_id, text=text, listed=True)
    if version_id in live:
        return Writer(kind=WriterKind.LIVE, version=version_id, text=f"written by the live version {version.short}")
    text = f"written by version {version.short}, an earlier version of this stack"
    return Writer(kind=WriterKind.EARLIER, version=version_id, text=text)


def _is_enough(found: Mapping[str, WorkerVersion], version_id: str) -> bool:
    return version_id in found and _find_upload(found, found[version_id]) is not None


def _find_upload(known: Mapping[str, WorkerVersion], version: WorkerVersion) -> WorkerVersion | None:
    """Return the upload that has a version's code: itself, or the last one before a change of secrets."""
    return find_newest(item for item in known.values() if item.is_upload and item.number <= version.number)
