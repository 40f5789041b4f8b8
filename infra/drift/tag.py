"""The tag of an upload (``workers/tag``): the stack that made it, and digests of the declared state.

Its form is ``bv:<stack>:<manifest>:<crons>:<bindings>:<code>:<settings>``, at most 100 bytes. Live workers carry it: it
must not change. The tags of older deployments have no part ``<settings>``, and still older ones no ``<code>``.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from cloudflare_client.versions import WorkerVersion
from contract.cron.digest import digest_crons
from contract.manifest import Manifest
from infra.drift.digest import digest, digest_bindings, digest_settings

CODE_DIGITS = 12  # of the code's digest


class TagDigests(NamedTuple):
    """The digests in a tag that are compared with the live worker, an empty text for a part that the tag lacks."""

    crons: str = ""
    bindings: str = ""
    settings: str = ""


def owner_prefix(project: str, stack: str) -> str:
    """Return the beginning of the tag of every upload of a stack."""
    return f"bv:{digest([project, stack])}:"


def tag_of(manifest: Manifest) -> str:
    """Return the tag of an upload of this manifest."""
    bindings = (item.to_dict() for item in manifest.bindings)
    owner = owner_prefix(manifest.project, manifest.stack)
    state = f"{manifest.digest()}:{digest_crons(manifest.schedules)}:{digest_bindings(bindings)}"
    parts = [state, manifest.worker.code[:CODE_DIGITS]]
    if manifest.worker.settings is not None:
        parts.append(digest_settings(manifest.worker.settings))
    return owner + ":".join(parts)


def read_owner(version: WorkerVersion) -> str | None:
    """Return the beginning of a tag that names the stack of an upload, None for an upload of another program."""
    found = re.match(r"bv:[0-9a-f]+:", version.tag) if version.is_upload else None
    return None if found is None else found[0]


def is_own_upload(version: WorkerVersion, owner: str) -> bool:
    """Return whether a version is an upload of one stack. The tags of its uploads begin with ``owner``."""
    return version.is_upload and version.tag.startswith(owner)


def read_digests(tag: str, owner: str) -> TagDigests:
    """Return the digests in a tag, none for a tag of another form."""
    parts = tag.removeprefix(owner).split(":")
    return TagDigests(*parts[1:3], *parts[4:]) if len(parts) in (3, 4, 5) else TagDigests()
