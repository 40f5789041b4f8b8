"""The time of a rehearsal, which the variable REHEARSAL_CLOCK names. It never changes a run against a real account."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

from checks.clients.http.environment import UnusableEnvironmentError
from checks.model.urls import is_loopback

VARIABLE = "REHEARSAL_CLOCK"


def read_offset(environ: Mapping[str, str], api_base: str) -> timedelta:
    """Return the difference between the rehearsal's time and the real time, 0 without a rehearsal.

    Raises UnusableEnvironmentError where the API is not on this machine, and for a file that cannot be read.
    """
    path = environ.get(VARIABLE)
    if not path:
        return timedelta()
    if not is_loopback(api_base):
        raise UnusableEnvironmentError(f"{VARIABLE} is for rehearsals on this machine only. Run: unset {VARIABLE}")
    try:
        return timedelta(seconds=float(json.loads(Path(path).read_text())["offset_seconds"]))
    except (OSError, ValueError, TypeError, KeyError, OverflowError):
        text = f"{VARIABLE} names no file of a running rehearsal. Run: unset {VARIABLE}"
        raise UnusableEnvironmentError(text) from None
