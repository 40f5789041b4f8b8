"""What the engine had to say in ``pulumi preview --json``: with that option it says it there, and nowhere else."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

SHOWN = ("warning", "error")
_COLOR = re.compile(r"<\{%.*?%\}>")  # the engine's marks, which it leaves in
_LONGEST = 2000  # characters of one line


def lines(raw: bytes) -> Iterator[str]:
    """Yield warnings and errors, each line once, with its severity; nothing of what is not the engine's JSON.

    For a job's log: the severity in front keeps a line from being read as a command of the runner (``::``).
    """
    try:
        said = json.loads(raw).get("diagnostics")
    except (ValueError, AttributeError, RecursionError):
        return
    seen = set()
    for item in said if isinstance(said, list) else ():
        if isinstance(item, dict) and item.get("severity") in SHOWN:
            start = f"{item['severity']}: "
            for line in _COLOR.sub("", str(item.get("message", ""))).splitlines():
                text = "".join(c if c.isprintable() else " " for c in line).strip().removeprefix(start)[:_LONGEST]
                if text and (start, text) not in seen:
                    seen.add((start, text))
                    yield start + text
