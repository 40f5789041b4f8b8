"""Finds settings of a live script that differ from the declared ones."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from cloudflare_client.script_settings import ScriptSettings
from contract.drift.record import SettingChange
from contract.manifest import Manifest
from infra.account import LiveWorker
from infra.drift.digest import digest_settings
from infra.drift.last_upload import find_last_upload
from infra.drift.tag import owner_prefix, read_digests


def are_changed(worker: LiveWorker, uploaded: str) -> bool:
    """Return whether the live settings differ from the digest in the tag of an upload. An older tag has none."""
    return uploaded not in ("", digest_settings(worker.settings))


def find_setting_changes(manifest: Manifest, live: ScriptSettings) -> Iterator[SettingChange]:
    """Yield each setting that the live script has otherwise than the manifest declares it."""
    declared, found = manifest.worker.settings, dataclasses.asdict(live)
    expected = {} if declared is None else dataclasses.asdict(declared)
    for name, text in expected.items():
        if found[name] != text:
            yield SettingChange(name=name, expected=text, found=found[name])


def describe_first_declaration(manifest: Manifest, worker: LiveWorker | None) -> str | None:
    """Return a line about the settings that this update replaces, where no upload of this stack declared any before."""
    owner = owner_prefix(manifest.project, manifest.stack)
    last = None if worker is None else find_last_upload(worker, owner)
    if worker is None or last is None or read_digests(last.tag, owner).settings:
        return None
    changes = [
        f"{item.title} {item.expected} (live: {item.found})" for item in find_setting_changes(manifest, worker.settings)
    ]
    if not changes:
        return None
    return f"{worker.name}: the settings of the script are declared from this update on: {', '.join(changes)}"
