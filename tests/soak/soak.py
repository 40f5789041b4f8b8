"""False alarms, false greens and wrong causes: the checks over random systems, healthy ones and broken ones in turn."""

from __future__ import annotations

import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tests.fakes.system import System
from tests.soak.disturbances import DISTURBANCES
from tests.soak.fault import BROKEN, INCONCLUSIVE
from tests.soak.faults import FAULTS
from tests.soak.run import Checks, judged


@dataclass(slots=True, kw_only=True)
class Tally:
    """What the runs came to: exit codes of healthy and of broken systems, and the wrong verdicts by what they are.

    ``silent`` counts the broken systems of which nothing was said (exit code 3) though it could have been, ``rash``
    those of which something was said though nobody can know, ``misled`` those of which somebody was blamed who is not
    to cause. ``ran`` is how often each check came to each outcome.
    """

    healthy: Counter[int] = field(default_factory=Counter)
    broken: Counter[int] = field(default_factory=Counter)
    silent: int = 0
    rash: int = 0
    misled: int = 0
    wrong: dict[str, list[str]] = field(default_factory=dict)
    ran: Counter[tuple[str, str]] = field(default_factory=Counter)

    @property
    def false_alarms(self) -> int:
        """Return how many healthy systems were not judged 0."""
        return self.healthy.total() - self.healthy[0]

    @property
    def false_greens(self) -> int:
        """Return how many broken systems were judged 0."""
        return self.broken[0]

    @property
    def held(self) -> bool:
        """Return whether no verdict was wrong."""
        return not (self.false_alarms or self.false_greens or self.silent or self.rash or self.misled)

    def add(self, name: str, system: System, code: int, checks: Checks) -> None:
        """Count the verdict on a system with a disturbance or fault of that name."""
        self.ran.update((check["id"], check["outcome"]) for check in checks)
        if name in DISTURBANCES:
            self.healthy[code] += 1
            problems = ["false alarm"] if code else []
        else:
            self.broken[code] += 1
            problems = list(self._missed(name, code, checks))
        if problems:
            told = f"system {system.seed}, exit code {code}: {_told(checks)}"
            self.wrong.setdefault(f"{', '.join(problems)}: {name}", []).append(told)

    def _missed(self, name: str, code: int, checks: Checks) -> list[str]:
        """Return in which ways a broken system was misjudged."""
        fault = FAULTS[name]
        telling = (
            "fail" if code == BROKEN else "inconclusive"
        )  # where a promise is broken, what was not seen tells less
        told = [finding for check in checks if check["outcome"] == telling for finding in check["findings"]]
        blamed = {finding["cause"] for finding in told} - fault.causes
        silent = code == INCONCLUSIVE and code not in fault.codes
        rash = code == BROKEN and code not in fault.codes
        self.silent += silent
        self.rash += rash
        self.misled += bool(blamed)
        return [
            *(["false green"] if code == 0 else []),
            *(["no verdict"] if silent else []),
            *(["a verdict"] if rash else []),
            *([f"blamed {', '.join(sorted(blamed))}"] if blamed else []),
        ]


def soak(runs: int, seed: int) -> bool:
    """Judge that many systems, every second one with a fault, print the counts, and return whether none was wrong."""
    began = time.perf_counter()
    tally = taken(runs, seed)
    for what, cases in tally.wrong.items():
        sys.stdout.write(f"{what}, {len(cases)} times; the first is {cases[0]}\n")
    unjudged = f"no verdict {tally.broken[INCONCLUSIVE]}, of which wrong {tally.silent}"
    never = sorted({check for check, _ in tally.ran} - {check for check, said in tally.ran if said == "pass"})
    sys.stdout.write(
        f"healthy {tally.healthy.total()}, false alarms {tally.false_alarms}\n"
        f"broken  {tally.broken.total()}, false greens {tally.false_greens} "
        f"(a promise broken {tally.broken[BROKEN]}, {unjudged})\n"
        f"wrong causes {tally.misled}\n"
        f"checks  {len({check for check, _ in tally.ran})}, never passed: {', '.join(never) or 'none'}\n"
        f"{len(FAULTS)} faults, {len(DISTURBANCES)} disturbances, seed {seed}, {time.perf_counter() - began:.0f} s\n"
    )
    return tally.held


def taken(runs: int, seed: int) -> Tally:
    """Return what became of this seed's systems: they are the same each time, and threads take turns as they come."""
    tally = Tally()
    source = random.Random(seed)  # noqa: S311 - no secret depends on it
    with tempfile.TemporaryDirectory() as folder:
        for number in range(runs):
            own, name = source.getrandbits(48), source.choice(sorted(FAULTS if number % 2 else DISTURBANCES))
            system, apply = made(name, own)
            apply(system)
            tally.add(name, system, *judged(system, Path(folder)))
    return tally


def made(name: str, seed: int) -> tuple[System, Callable[[System], None]]:
    """Return a healthy system, and what to do to it."""
    if name in DISTURBANCES:
        return System(seed), DISTURBANCES[name]
    return System(seed, at_noon=FAULTS[name].at_noon), FAULTS[name].apply


def _told(checks: Checks) -> str:
    said = [
        f"{check['id']} {check['outcome']}: {finding['subject']}: {finding['found'][:120]} ({finding['cause']})"
        for check in checks
        for finding in check["findings"]
    ]
    return "; ".join(said) or "nothing found"
