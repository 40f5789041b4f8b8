"""Parses the values of the command line that click does not: durations, formats with files, the default command."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from pathlib import Path

from checks.run.request import MAX_SECONDS, Target

UNITS = {"ms": 0.001, "s": 1.0, "": 1.0, "m": 60.0}  # seconds


def parse_duration(text: str) -> float:
    """Read ``60s``, ``2m``, ``500ms`` or ``60`` as seconds. Raises ValueError in one line for any other text."""
    match = re.fullmatch(r"(\d{1,6}(?:\.\d{1,3})?)(ms|s|m|)", text, re.ASCII)
    seconds = float(match[1]) * UNITS[match[2]] if match else 0.0
    if not 0 < seconds <= MAX_SECONDS:
        raise ValueError(f"expected a duration such as 60s, 2m or 500ms, at most one hour, found {text!r}")
    return seconds


def parse_targets(texts: Sequence[str], known: Collection[str]) -> tuple[Target, ...]:
    """Read ``FORMAT``, ``FORMAT=FILE`` or ``FORMAT=-`` (standard output). Without any, the format is text.

    Raises ValueError in one line, also for two formats on standard output.
    """
    found = []
    for text in texts or ("text",):
        name, given, file = text.partition("=")
        if name not in known:
            raise ValueError(f"no format {name!r}. Known: {', '.join(sorted(known))}")
        to_file = bool(given) and file != "-"
        if to_file and (not file or not Path(file).parent.is_dir() or Path(file).is_dir()):
            raise ValueError(f"expected a writable file, found {file!r}")
        found.append(Target(format=name, file=Path(file) if to_file else None))
    if sum(target.file is None for target in found) > 1:
        raise ValueError("only one format can go to standard output. Give the others a file: FORMAT=FILE")
    return tuple(found)


def add_default_command(argv: Sequence[str], commands: Collection[str]) -> list[str]:
    """Return the arguments, with the command ``run`` where none is given."""
    given = bool(argv) and (argv[0] in commands or argv[0] in ("--help", "-h", "--version"))
    return [*argv] if given else ["run", *argv]
