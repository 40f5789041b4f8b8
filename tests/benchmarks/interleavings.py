"""Searches interleavings of the backfill worker that lose or double a day, with hypothesis' state machine."""

from __future__ import annotations

import sys
import time

from tests.worker.simulation.machine import explore
from tests.worker.simulation.simulator import Simulator


def interleavings(runs: int, seed: int) -> bool:
    """Run so many examples of a seed, and return whether each kept every promise. The first that does not is printed."""
    began = time.monotonic()
    with Simulator() as simulator:
        try:
            explore(simulator, runs, number=seed)
        except AssertionError as error:
            sys.stdout.write(f"{error}\n" + "\n".join(getattr(error, "__notes__", [])) + "\n")
            return False
    sys.stdout.write(f"{runs} examples of seed {seed} in {time.monotonic() - began:.0f} s: no promise is broken\n")
    return True
