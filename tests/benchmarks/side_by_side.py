"""Times two commands in turn (A B A B …), so that a change of the machine's speed affects both."""

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
    """A command with its name in the report. Its output is not kept.

    ``environment`` is added to this process's own.
    """

    name: str
    arguments: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    folder: Path = Path()


def compare(ours: Command, other: Command, *, runs: int) -> float:
    """Print both commands' median, minimum and maximum wall seconds, and return the median ratio ours / other."""
    pairs = list(zip(*timed((ours, other), runs=runs), strict=True))
    ratio: float = statistics.median(first / second for first, second in pairs)
    sys.stdout.write(f"{'ratio, pair by pair':<44} median {ratio:.2f}  ({runs} pairs, {os.cpu_count()} cores)\n")
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    sys.stdout.write(f"{'largest process':<44} {peak:.0f} MB\n")
    return ratio


def timed(commands: Sequence[Command], *, runs: int) -> list[list[float]]:
    """Run the commands in turn, print each one's median, minimum and maximum, and return each one's wall seconds."""
    for command in commands:  # a warm-up: byte code, file cache
        _seconds(command)
    rounds = [[_seconds(command) for command in commands] for _ in range(runs)]
    columns = [list(column) for column in zip(*rounds, strict=True)]
    for command, times in zip(commands, columns, strict=True):
        spread = f"{min(times):.3f} to {max(times):.3f}"
        sys.stdout.write(f"{command.name:<44} median {statistics.median(times):.3f} s  ({spread})\n")
    return columns


def _seconds(command: Command) -> float:
    environment = {**os.environ, **command.environment}
    quiet = subprocess.DEVNULL
    began = time.perf_counter()
    subprocess.run(
        command.arguments, check=True, stdin=quiet, stdout=quiet, stderr=quiet, env=environment, cwd=command.folder
    )
    return time.perf_counter() - began
