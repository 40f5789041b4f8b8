"""False alarms and false greens: the checks over random systems, healthy ones and broken ones in turn."""

from __future__ import annotations

import json
import random
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import httpx

from bench.fake.faults import FAULTS
from bench.fake.system import API_TOKEN, System
from checks import catalog
from checks.command import Outside, Request, execute
from checks.options import Target
from checks.patience import Patience

NOW = datetime(2025, 1, 20, 12, tzinfo=UTC)
WITHOUT = ("logs",)  # its websocket is no request that a made-up system answers


@dataclass(slots=True, kw_only=True)
class Tally:
    """What the runs came to: exit codes of healthy and of broken systems, and each wrong verdict in a line."""

    healthy: Counter[int] = field(default_factory=Counter)
    broken: Counter[int] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    @property
    def false_alarms(self) -> int:
        """Return how many healthy systems were not judged 0."""
        return self.healthy.total() - self.healthy[0]

    @property
    def false_greens(self) -> int:
        """Return how many broken systems were judged 0."""
        return self.broken[0]


def soak(runs: int, seed: int) -> bool:
    """Judge that many systems, every second one with a fault, print the counts, and return whether none was wrong."""
    began = time.perf_counter()
    tally = judged(runs, seed)
    for line in tally.wrong[:20]:
        sys.stdout.write(f"{line}\n")
    sys.stdout.write(
        f"healthy {tally.healthy.total()}, false alarms {tally.false_alarms}\n"
        f"broken  {tally.broken.total()}, false greens {tally.false_greens} "
        f"(a promise broken {tally.broken[1]}, no verdict {tally.broken[3]})\n"
        f"{len(FAULTS)} faults, seed {seed}, {time.perf_counter() - began:.0f} s\n"
    )
    return not tally.false_alarms and not tally.false_greens


def judged(runs: int, seed: int) -> Tally:
    """Return what became of this seed's systems: they are the same each time, and threads take turns as they come."""
    tally, names = Tally(), sorted(FAULTS)
    source = random.Random(seed)  # noqa: S311 - no secret depends on it
    with tempfile.TemporaryDirectory() as folder:
        for number in range(runs):
            own = source.getrandbits(48)
            system, fault = System(own), source.choice(names) if number % 2 else None
            if fault is not None:
                FAULTS[fault](system)
            code, report = _judge(system, Path(folder, "manifest.json"))
            (tally.healthy if fault is None else tally.broken)[code] += 1
            if (fault is None) != (code == 0):
                tally.wrong.append(_line(number, own, fault, code, report))
    return tally


def _judge(system: System, manifest: Path) -> tuple[int, str]:
    manifest.write_text(json.dumps(system.manifest))
    request = Request(
        stack=None,
        manifest=str(manifest),
        skip=tuple(name for name in WITHOUT if name in catalog.load()),
        targets=(Target(format="json"),),
    )
    written: list[str] = []
    outside = Outside(
        environ={"CLOUDFLARE_API_TOKEN": API_TOKEN, "ACE_API_KEY": system.declared_key},
        write=written.append,
        transport=httpx.MockTransport(system.handle),
        patience=lambda seconds: Patience.lasting(seconds, clock=system.clock, sleep=system.clock.sleep),
        now=lambda: NOW,
    )
    return execute(request, outside), "".join(written)


def _line(number: int, own: int, fault: str | None, code: int, report: str) -> str:
    said = [
        f"{check['id']} {check['outcome']}: {finding['subject']}: {finding['actual'][:120]}"
        for check in json.loads(report)["checks"]
        for finding in check["findings"]
    ]
    return f"run {number}, system {own}, {fault or 'healthy'}: exit code {code}; {'; '.join(said) or 'nothing found'}"
