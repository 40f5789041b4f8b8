"""The message of a deployment that puts an earlier version back. Live workers carry it, so it must not change."""

from __future__ import annotations

import re

CORRECT_FIRST = "`pulumi up` deploys the program again, so correct it first"
_FORM = re.compile(r"rollback: the verification of version (\S{1,64}) failed")


def message_of_rollback(failed: str) -> str:
    """Return the message of the deployment that replaces a version whose verification failed."""
    return f"rollback: the verification of version {failed or 'unknown'} failed"


def read_failed_version(message: str) -> str | None:
    """Return the version whose verification failed, None for the message of any other deployment."""
    match = _FORM.fullmatch(message)
    return match[1] if match else None
