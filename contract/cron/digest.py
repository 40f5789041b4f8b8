"""The digest of a worker's crons, which is a part of the tag of an upload, and the crons that no upload sent."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Sequence

PART = 3  # of a tag, counted from 0: bv:<stack>:<manifest>:<crons>:<bindings>:<code>
SECOND = 19  # characters of a time of the API to the second


def digest_crons(crons: Iterable[str]) -> str:
    """Return 8 hex digits that name a worker's crons, in any order."""
    return hashlib.sha256(json.dumps(sorted(crons)).encode()).hexdigest()[:8]


def read_cron_digest(tag: str) -> str:
    """Return the digest of the crons in a tag, an empty text for a tag without one."""
    parts = tag.split(":")
    return parts[PART] if len(parts) > PART else ""


def are_unsent(live: Collection[str], *, changed_on: str, uploaded_on: str, earlier: Sequence[str]) -> bool:
    """Return whether an upload never sent its crons, so that the live crons are older than the upload.

    `pulumi up` sends the crons after the upload. ``changed_on`` is the last change of a live cron, ``uploaded_on`` the
    time of the upload, both as the API writes them. Without a live cron there is no time, so the upload before must
    have declared none. ``earlier`` are the tags of the stack's earlier uploads, newest first.
    """
    if not live:
        return bool(earlier) and read_cron_digest(earlier[0]) == digest_crons(())
    return "" < changed_on[:SECOND] < uploaded_on[:SECOND]
