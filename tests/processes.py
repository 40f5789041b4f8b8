"""Lists the descendants of a process that a test started, from /proc."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rehearsal.edge import Edge


def living() -> Iterator[tuple[int, int]]:
    """Yield (process, its parent) of each that is alive, zombies left out."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            state, parent = (folder / "stat").read_text().rpartition(")")[2].split()[:2]
        except OSError:  # ended meanwhile
            continue
        if state != "Z":
            yield int(folder.name), int(parent)


def descendants(pid: int) -> set[int]:
    parents = dict(living())
    found: set[int] = set()
    front = {pid}
    while front:
        front = {child for child, parent in parents.items() if parent in front} - found
        found |= front
    return found


def named(pids: Iterable[int], program: str) -> set[int]:
    """Return those that run a program of this name."""
    return {pid for pid in pids if _program(pid) == program}


def list_workerd(edge: Edge) -> set[int]:
    """Return the runtimes of a local edge: one, but while it starts again. A test may kill it."""
    return named(descendants(edge._process._process.pid), "workerd")


def _program(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:  # ended meanwhile
        return ""


def alive(pids: Iterable[int]) -> set[int]:
    return set(pids) & {pid for pid, _ in living()}


def arguments(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""


def gone(pids: Iterable[int], *, seconds: float) -> dict[int, str]:
    """Wait until none of them is alive, and return those that still are, with their arguments."""
    end = time.monotonic() + seconds
    while (left := alive(pids)) and time.monotonic() < end:
        time.sleep(0.02)
    return {pid: arguments(pid) for pid in left}
