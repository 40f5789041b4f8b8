"""The file with the rehearsal's time, which the checks and the command ``clock`` read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rehearsal.clock import Clock

VARIABLE = "REHEARSAL_CLOCK"


class ClockError(Exception):
    """The clock cannot be moved. The message is one line."""


def write(environment: Mapping[str, str], clock: Clock) -> None:
    """Write the offset of the clock, and keep the address of the control."""
    path = Path(environment[VARIABLE])
    known = json.loads(path.read_text()) if path.exists() else {}
    _replace(path, {**known, "offset_seconds": clock.offset.total_seconds()})


def write_control(environment: Mapping[str, str], url: str) -> None:
    """Write the address at which the command ``clock`` moves the clock."""
    path = Path(environment[VARIABLE])
    _replace(path, {**json.loads(path.read_text()), "control": url})


def read_control(environment: Mapping[str, str]) -> str:
    """Return the address at which the clock is moved. Raises ClockError without a running rehearsal."""
    try:
        return str(json.loads(Path(environment[VARIABLE]).read_text())["control"])
    except (KeyError, OSError, ValueError):
        text = f"{VARIABLE} names no running rehearsal: use the environment that `python -m rehearsal serve` prints"
        raise ClockError(text) from None


def _replace(path: Path, content: Mapping[str, Any]) -> None:
    """Replace the file in one step, because a check may read it at any time. Only this user may read it."""
    new = path.with_suffix(".new")
    new.touch(mode=0o600)
    new.write_text(json.dumps(content))
    new.replace(path)
