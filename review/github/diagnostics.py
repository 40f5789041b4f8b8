"""The engine's warnings and errors in ``pulumi preview --json``, which it writes into the JSON only."""

from __future__ import annotations

import re
from collections.abc import Iterator

from review.preview_json import load

SHOWN = ("warning", "error")
_COLOR = re.compile(r"<\{%.*?%\}>")  # the engine's colour marks
_MAX_LINE = 2000  # characters of one line
_LOGGED = re.compile(r"\[ERROR\] (.*): (failed to make http request)")  # the plugin also gives it in the other order


def read_lines(raw: bytes) -> Iterator[str]:
    """Yield warnings and errors, each line once, with its severity. Data of another form has no lines.

    The severity comes first, so that the runner does not take a line for one of its commands (``::``). It obeys
    ``##[command]`` anywhere in a line, so a blank parts these characters.
    """
    found = load(raw).get("diagnostics")
    seen = set()
    for item in found if isinstance(found, list) else ():
        if isinstance(item, dict) and item.get("severity") in SHOWN:
            start = f"{item['severity']}: "
            for line in _COLOR.sub("", str(item.get("message", ""))).splitlines():
                text = "".join(c if c.isprintable() else " " for c in line).strip().removeprefix(start)
                text = _LOGGED.sub(r"\2: \1", text).replace("##[", "## [")[:_MAX_LINE]
                if text and (start, text) not in seen:
                    seen.add((start, text))
                    yield start + text
