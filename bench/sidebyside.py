"""Two commands timed in turn, A B A B …, so that a machine that changes its speed changes it for both."""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One of the two: what it is called in the report, and what is run, its output thrown away.

    ``environment`` is added to this process's own.
    """

    name: str
    arguments: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    folder: Path = Path()


def compare(ours: Command, other: Command, *, runs: int) -> float:
    """Print both commands' median, minimum and maximum wall seconds, and return the median ratio ours / other."""
    for command in (ours, other):  # a warm-up: byte code, file cache
        _seconds(command)
    pairs = [(_seconds(ours), _seconds(other)) for _ in range(runs)]
    for command, times in zip((ours, other), zip(*pairs, strict=True), strict=True):
        spread = f"{min(times):.3f} to {max(times):.3f}"
        sys.stdout.write(f"{command.name:<44} median {statistics.median(times):.3f} s  ({spread})\n")
    ratio = statistics.median(first / second for first, second in pairs)
    sys.stdout.write(f"{'ratio, pair by pair':<44} median {ratio:.2f}  ({runs} pairs, {os.cpu_count()} cores)\n")
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    sys.stdout.write(f"{'largest process':<44} {peak:.0f} MB\n")
    return ratio


def _seconds(command: Command) -> float:
    environment = {**os.environ, **command.environment}
    quiet = subprocess.DEVNULL
    began = time.perf_counter()
    subprocess.run(
        command.arguments, check=True, stdin=quiet, stdout=quiet, stderr=quiet, env=environment, cwd=command.folder
    )
    return time.perf_counter() - began
