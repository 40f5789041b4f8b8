"""The tag of an upload (``workers/tag``): the stack that made it, and digests of the declared state.

Its form is ``bv:<stack>:<manifest>:<crons>:<bindings>``, at most 100 bytes. Live workers carry it: it must not change.
"""

from __future__ import annotations

from cloudflare_client.versions import WorkerVersion
from contract.manifest import Manifest
from infra.drift.digest import digest, digest_bindings, digest_crons


def owner_prefix(project: str, stack: str) -> str:
    """Return the beginning of the tag of every upload of a stack."""
    return f"bv:{digest([project, stack])}:"


def tag_of(manifest: Manifest) -> str:
    """Return the tag of an upload of this manifest."""
    bindings = (item.to_dict() for item in manifest.bindings)
    owner = owner_prefix(manifest.project, manifest.stack)
    return f"{owner}{manifest.digest()}:{digest_crons(manifest.schedules)}:{digest_bindings(bindings)}"


def is_own_upload(version: WorkerVersion, owner: str) -> bool:
    """Return whether a version is an upload of one stack. The tags of its uploads begin with ``owner``."""
    return version.is_upload and version.tag.startswith(owner)


def read_digests(tag: str, owner: str) -> tuple[str, str]:
    """Return the digests of crons and bindings in a tag, empty texts for a tag of another form."""
    crons, _, bindings = tag.removeprefix(owner).partition(":")[2].partition(":")
    return crons, bindings
