"""The command line's own small languages, without click: durations, formats with files, and the default command."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

UNITS = {"ms": 0.001, "s": 1.0, "": 1.0, "m": 60.0}
LONGEST = 3600.0  # seconds


class Refused(Exception):  # noqa: N818 - the end of a run, no defect
    """The run ends here: one line, and an exit code."""

    def __init__(self, text: str, code: int) -> None:
        super().__init__(text)
        self.code = code


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One format and where it goes; no file means standard output."""

    format: str
    file: Path | None = None


def duration(text: str) -> float:
    """Read ``60s``, ``2m``, ``500ms`` or ``60`` as seconds; raises ValueError, in one line, for anything else."""
    match = re.fullmatch(r"(\d{1,6}(?:\.\d{1,3})?)(ms|s|m|)", text, re.ASCII)
    seconds = float(match[1]) * UNITS[match[2]] if match else 0.0
    if not 0 < seconds <= LONGEST:
        raise ValueError(f"{text!r} is no duration as 60s, 2m or 500ms, of at most an hour")
    return seconds


def targets(texts: Sequence[str], known: Collection[str]) -> tuple[Target, ...]:
    """Read ``FORMAT`` or ``FORMAT=FILE``, text if there are none; at most one goes to standard output (or ``=-``).

    Raises ValueError, in one line.
    """
    found = []
    for text in texts or ("text",):
        name, given, file = text.partition("=")
        if name not in known:
            raise ValueError(f"no such format {name!r}; there are: {', '.join(sorted(known))}")
        to_file = bool(given) and file != "-"
        if to_file and (not file or not Path(file).parent.is_dir() or Path(file).is_dir()):
            raise ValueError(f"{file!r} is no file that can be written")
        found.append(Target(format=name, file=Path(file) if to_file else None))
    if sum(target.file is None for target in found) > 1:
        raise ValueError("only one format can go to standard output: give the others a file, FORMAT=FILE")
    return tuple(found)


def with_command(argv: Sequence[str], commands: Collection[str]) -> list[str]:
    """Return the arguments with the default command, ``run``, put in where none is given."""
    given = bool(argv) and (argv[0] in commands or argv[0] in ("--help", "-h", "--version"))
    return [*argv] if given else ["run", *argv]
