"""The digest of a value, as the tag of an upload holds it."""

from __future__ import annotations

import hashlib
import json


def digest(value: object) -> str:
    """Return 8 hex digits that name a JSON value."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:8]
