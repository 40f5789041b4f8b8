"""Times the read-only checks as a whole, beside the engine's answers, the runbook's steps, and on a slow network."""

from __future__ import annotations

import asyncio
import json
import os
import statistics
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from rehearsal import local_system as local
from rehearsal.local_system import outside_pulumi
from rehearsal.local_system.run_folder import open_run_folder
from rehearsal.network_faults import NetworkFault, NetworkFaultKind
from tests.benchmarks.chain import find_longest, find_own, run_recorded
from tests.benchmarks.side_by_side import Command, timed

MAX_WHOLE = 1.6  # seconds of the whole command, with the engine's two answers
MAX_SECONDS = 1.0  # more than the engine's longer answer
MIN_RATIO = 10.0  # the runbook's time to that of the checks
DELAY = 0.1  # seconds added to every request
MAX_CHAINS = 2.0
_RUNBOOK = Path(__file__).with_name("runbook.sh")
_CHECKS = ("python", "-m", "checks", "run", "--read-only", "--stack", local.STACK)
_OPTIONS = f"--json --show-secrets --non-interactive --stack {local.STACK}"
_OUTPUT, _CONFIG = f"pulumi stack output {_OPTIONS}", f"pulumi config {_OPTIONS}"


def checks(runs: int) -> bool:
    """Measure on an idle rehearsal, and return whether the limits are kept. The ratio to the runbook has no limit."""
    with open_run_folder() as folder:
        return asyncio.run(_measured(folder, runs))


async def _measured(folder: Path, runs: int) -> bool:
    async with local.run_local_system(folder, days=4) as world:  # as many as the checks look into
        await world.pulumi("up", "--yes", "--skip-preview", "--non-interactive")
        await outside_pulumi.trigger_batch(world)
        near = await asyncio.to_thread(_near, world, runs)
        manifest = folder / "manifest.json"
        manifest.write_text(await world.pulumi("stack", "output", "manifest", "--show-secrets"))
        return near & await _far(world, manifest)


def _near(world: local.LocalSystem, runs: int) -> bool:
    """Time the commands, print the differences, and return whether the limits are kept."""
    bins = str(local.ROOT / "node_modules" / ".bin")
    environment = {**world.environment, "WORKER": world.worker_name, "URL": world.worker_url, "BUCKET": world.bucket}
    environment |= {"PATH": os.pathsep.join([bins, environment["PATH"]]), "SITE": next(iter(world.ace.sites))}
    environment |= {"ACE": world.ace.url}
    commands = [
        Command(name="python -m checks run --read-only", arguments=_CHECKS, environment=environment, folder=local.ROOT),
        *(
            Command(name=name, arguments=("bash", "-c", text), environment=environment, folder=local.ROOT)
            for name, text in (
                ("pulumi stack output", _OUTPUT),
                ("both of the engine's answers, in turn", f"{_OUTPUT}; {_CONFIG}"),
                ("both of the engine's answers, concurrently", f"{_OUTPUT} & {_CONFIG}; wait"),
            )
        ),
        Command(
            name="the runbook's steps as a script",
            arguments=("bash", str(_RUNBOOK)),
            environment=environment,
            folder=world.folder,
        ),
    ]
    ours, engine, in_turn, _, runbook = timed(commands, runs=runs)
    whole = statistics.median(ours)
    saved = statistics.median(both - one for both, one in zip(in_turn, engine, strict=True))
    beside = statistics.median(mine - its for mine, its in zip(ours, engine, strict=True))
    ratio = statistics.median(slow / mine for slow, mine in zip(runbook, ours, strict=True))
    _say("the whole command", f"median {whole:.3f} s  (limit: {MAX_WHOLE:g} s)")
    _say("a second answer in turn would add", f"median {saved:.3f} s")
    _say("more than the engine's first answer", f"median {beside:.3f} s  (limit: {MAX_SECONDS:g} s)")
    _say("runbook / checks", f"median {ratio:.1f} times  (aim: {MIN_RATIO:g})")
    return beside < MAX_SECONDS and whole < MAX_WHOLE


async def _far(world: local.LocalSystem, manifest: Path) -> bool:
    """Add 100 ms to every request, and compare with the time of the longest chain of requests."""
    await _delay(world, DELAY)
    began = time.perf_counter()
    written: list[str] = []
    code, requests = await asyncio.to_thread(run_recorded, manifest, world.environment, write=written.append)
    wall = time.perf_counter() - began
    await _delay(world, 0.0)
    if code:
        raise RuntimeError(
            f"the checks ended with {code} on a healthy rehearsal, with {DELAY:g} s added to each request: "
            f"{'; '.join(_list_findings(written[0]))}"
        )
    chain = find_longest(requests)
    limit = MAX_CHAINS * len(chain) * DELAY
    _say(f"with {DELAY * 1000:.0f} ms added to every request", f"{wall:.3f} s, {len(requests)} requests")
    _say("longest chain of dependent requests", f"{len(chain)} requests: {' > '.join(chain)}")
    for check, count in Counter(one.check for one in requests).items():  # the others could run concurrently
        _say(f"  {check}", f"{count} requests, a chain of {len(find_own(requests, check))}")
    _say("twice that chain", f"{limit:.3f} s  (limit)")
    return wall < limit


def _list_findings(report: str) -> Iterator[str]:
    """Yield each finding of a JSON report, so that a rare failure of the benchmark can be explained."""
    for check in json.loads(report)["checks"]:
        for finding in check["findings"]:
            yield f"{check['id']}: {finding['subject']}: {finding['found']}"


async def _delay(world: local.LocalSystem, seconds: float) -> None:
    fault = NetworkFault(kind=NetworkFaultKind.DELAY, seconds=seconds) if seconds else None
    world.cloudflare.network.fault = world.ace.network.fault = fault
    await world.edge.set_network_fault(world.worker_name, fault)


def _say(label: str, text: str) -> None:
    sys.stdout.write(f"{label:<44} {text}\n")
