"""The read-only catalogue beside the engine's own part of it, beside the runbook's steps by hand, and far away."""

from __future__ import annotations

import asyncio
import os
import statistics
import sys
import time
from collections import Counter
from pathlib import Path

from rehearsal import local_system as local
from rehearsal.local_system import outside_pulumi
from rehearsal.local_system.run_folder import open_run_folder
from rehearsal.network_faults import NetworkFault, NetworkFaultKind
from tests.benchmarks.chain import longest, own, recorded
from tests.benchmarks.side_by_side import Command, timed

BESIDE_ENGINE, TIMES_BY_HAND, FAR = 1.0, 10.0, 0.1  # seconds, a ratio, seconds added to every request
TIMES_CHAIN = 2.0
_BY_HAND = Path(__file__).with_name("runbook.sh")
_CHECKS = ("python", "-m", "checks", "run", "--read-only", "--stack", local.STACK)
_OUTPUT = ("pulumi", "stack", "output", "--json", "--show-secrets", "--non-interactive", "--stack", local.STACK)


def checks(runs: int) -> bool:
    """Measure on an idle rehearsal, and return whether the limits are kept; the ratio by hand is stated."""
    with open_run_folder() as folder:
        return asyncio.run(_measured(folder, runs))


async def _measured(folder: Path, runs: int) -> bool:
    async with local.run_local_system(folder, days=4) as world:  # as many as the checks look into
        await world.pulumi("up", "--yes", "--skip-preview", "--non-interactive")
        await outside_pulumi.trigger_batch(world)
        near = await asyncio.to_thread(_near, world, runs)
        manifest = folder / "manifest.json"
        manifest.write_text(await world.pulumi("stack", "output", "manifest", "--json"))
        return near & await _far(world, manifest)


def _near(world: local.LocalSystem, runs: int) -> bool:
    """Time the three commands, say what they mean, and return whether the limit is kept."""
    bins = str(local.ROOT / "node_modules" / ".bin")
    environment = {**world.environment, "WORKER": world.worker_name, "URL": world.worker_url, "BUCKET": world.bucket}
    environment |= {"PATH": os.pathsep.join([bins, environment["PATH"]]), "SITE": next(iter(world.ace.sites))}
    environment |= {"ACE": world.ace.url}
    commands = [
        Command(name="python -m checks run --read-only", arguments=_CHECKS, environment=environment, folder=local.ROOT),
        Command(name="pulumi stack output", arguments=_OUTPUT, environment=environment, folder=local.ROOT),
        Command(
            name="the runbook's steps by hand, scripted",
            arguments=("bash", str(_BY_HAND)),
            environment=environment,
            folder=world.folder,
        ),
    ]
    ours, engine, by_hand = timed(commands, runs=runs)
    beside = statistics.median(mine - its for mine, its in zip(ours, engine, strict=True))
    ratio = statistics.median(slow / mine for slow, mine in zip(by_hand, ours, strict=True))
    _say("beside the engine's part", f"median {beside:.3f} s  (limit: {BESIDE_ENGINE:g} s)")
    _say("by hand / checks", f"median {ratio:.1f} times  (aim: {TIMES_BY_HAND:g})")
    return beside < BESIDE_ENGINE


async def _far(world: local.LocalSystem, manifest: Path) -> bool:
    """Let every request take 100 ms longer, and compare with what the longest chain of requests must take."""
    await _delay(world, FAR)
    began = time.perf_counter()
    code, asked = await asyncio.to_thread(recorded, manifest, world.environment)
    wall = time.perf_counter() - began
    await _delay(world, 0.0)
    if code:
        raise RuntimeError(f"the checks ended with {code} on a healthy rehearsal, each request {FAR:g} s later")
    chain = longest(asked)
    limit = TIMES_CHAIN * len(chain) * FAR
    _say(f"with {FAR * 1000:.0f} ms added to every request", f"{wall:.3f} s, {len(asked)} requests")
    _say("longest chain of dependent requests", f"{len(chain)} requests: {' > '.join(chain)}")
    for check, count in Counter(one.check for one in asked).items():  # the rest could be asked side by side
        _say(f"  {check}", f"{count} requests, a chain of {len(own(asked, check))}")
    _say("twice that chain", f"{limit:.3f} s  (limit)")
    return wall < limit


async def _delay(world: local.LocalSystem, seconds: float) -> None:
    fault = NetworkFault(kind=NetworkFaultKind.DELAY, seconds=seconds) if seconds else None
    world.cloudflare.network.fault = world.ace.network.fault = fault
    await world.edge.set_network_fault(world.worker_name, fault)


def _say(what: str, text: str) -> None:
    sys.stdout.write(f"{what:<44} {text}\n")
