"""``python -m release.requirements`` prints the entries of requirements.txt that the single file needs, with hashes."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

FILE = Path(__file__).resolve().parent.parent / "requirements.txt"
ROOTS = ("click", "detect-secrets", "httpx", "websockets")
# Compiled for one version of Python. detect-secrets imports it to read YAML files, which nothing here does.
LEFT_OUT = frozenset({"pyyaml"})


def select_entries(text: str, names: Iterable[str]) -> str:
    """Returns the entries of a compiled file with these names. Raises ValueError in one line where one is missing."""
    wanted = set(names)
    entries: dict[str, str] = {}
    for entry in re.split(r"\n(?=\S)", text):
        found = re.match(r"([\w.-]+)(?:\[[^\]]*\])?==", entry)
        if found is not None:
            entries[str(canonicalize_name(found[1]))] = entry.rstrip("\n")
    missing = sorted(wanted - set(entries))
    if missing:
        raise ValueError(f"requirements.txt has no entry for {', '.join(missing)}: run scripts/compile-requirements")
    return "".join(f"{entries[name]}\n" for name in sorted(wanted))


def list_needed(roots: Iterable[str] = ROOTS) -> set[str]:
    """Returns these packages and the packages that they need here, from the installed metadata."""
    found: set[str] = set()
    waiting = {str(canonicalize_name(name)) for name in roots}
    while waiting:
        name = waiting.pop()
        found.add(name)
        for line in metadata.requires(name) or []:
            requirement = Requirement(line)
            if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
                waiting |= {str(canonicalize_name(requirement.name))} - found - LEFT_OUT
    return found


def main() -> None:
    """Print the entries."""
    sys.stdout.write(select_entries(FILE.read_text(encoding="utf-8"), list_needed()))


if __name__ == "__main__":
    main()
