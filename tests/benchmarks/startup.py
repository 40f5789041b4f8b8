"""Times `python -m checks --help` beside the bare import of its two libraries."""

from __future__ import annotations

import sys

from tests.benchmarks.side_by_side import Command, compare

LIMIT = 1.6


def startup(runs: int) -> bool:
    """Compare, and return whether the command starts within 1.6 times of the bare import."""
    ours = Command(name="python -m checks --help", arguments=[sys.executable, "-m", "checks", "--help"])
    bare = Command(name='python -c "import click, httpx"', arguments=[sys.executable, "-c", "import click, httpx"])
    return compare(ours, bare, runs=runs) <= LIMIT
