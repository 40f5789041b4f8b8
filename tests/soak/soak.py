"""False alarms, false greens and wrong causes: the checks over random systems, healthy and broken in turn."""

from __future__ import annotations

import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from tests.fakes.random_system import RandomSystem
from tests.soak.commands import find_lost_samples
from tests.soak.disturbances import DISTURBANCES
from tests.soak.fault import BROKEN, INCONCLUSIVE
from tests.soak.faults import FAULTS

Checks = list[dict[str, Any]]  # of the JSON report


@dataclass(slots=True, kw_only=True)
class Tally:
    """The exit codes of healthy and of broken systems, and the wrong reports by their kind.

    ``harmful`` counts the systems whose printed commands would lose samples.
    ``silent`` counts broken systems that were inconclusive although the checks could know. ``rash`` counts broken
    systems with a failure although they could not. ``misled`` counts broken systems with a wrong cause. ``ran`` counts
    the outcomes of each check.
    """

    healthy: Counter[int] = field(default_factory=Counter)
    broken: Counter[int] = field(default_factory=Counter)
    silent: int = 0
    rash: int = 0
    misled: int = 0
    harmful: int = 0
    wrong: dict[str, list[str]] = field(default_factory=dict)
    ran: Counter[tuple[str, str]] = field(default_factory=Counter)

    @property
    def false_alarms(self) -> int:
        """Return the number of healthy systems with another exit code than 0."""
        return self.healthy.total() - self.healthy[0]

    @property
    def false_greens(self) -> int:
        """Return the number of broken systems with exit code 0."""
        return self.broken[0]

    @property
    def held(self) -> bool:
        """Return whether every report was right."""
        return not (self.false_alarms or self.false_greens or self.silent or self.rash or self.misled or self.harmful)

    def add(self, name: str, system: RandomSystem, code: int, checks: Checks, lost: Sequence[str] = ()) -> None:
        """Count the report on a system with the disturbance or fault of that name.

        ``lost`` describes the printed commands that lose samples.
        """
        self.ran.update((check["id"], check["outcome"]) for check in checks)
        if name in DISTURBANCES:
            self.healthy[code] += 1
            problems = ["false alarm"] if code else []
        else:
            self.broken[code] += 1
            problems = list(self._list_problems(name, code, checks))
        self.harmful += bool(lost)
        problems += lost[:1]
        if problems:
            told = f"system {system.seed}, exit code {code}: {_describe(checks)}"
            self.wrong.setdefault(f"{', '.join(problems)}: {name}", []).append(told)

    def _list_problems(self, name: str, code: int, checks: Checks) -> list[str]:
        """Return every error in the report on a broken system."""
        fault = FAULTS[name]
        telling = "fail" if code == BROKEN else "inconclusive"  # beside a failure, an inconclusive check tells less
        told = [finding for check in checks if check["outcome"] == telling for finding in check["findings"]]
        causes = {finding["cause"] for finding in told} - fault.causes
        silent = code == INCONCLUSIVE and code not in fault.codes
        rash = code == BROKEN and code not in fault.codes
        self.silent += silent
        self.rash += rash
        self.misled += bool(causes)
        return [
            *(["false green"] if code == 0 else []),
            *(["inconclusive"] if silent else []),
            *(["a failure"] if rash else []),
            *([f"wrong cause {', '.join(sorted(causes))}"] if causes else []),
        ]


def soak(runs: int, seed: int) -> bool:
    """Check that many systems, every second one with a fault. Print the counts, and return whether all were right."""
    began = time.perf_counter()
    tally = run_systems(runs, seed)
    for problem, cases in tally.wrong.items():
        sys.stdout.write(f"{problem}, {len(cases)} times; the first is {cases[0]}\n")
    inconclusive = f"inconclusive {tally.broken[INCONCLUSIVE]}, of which wrong {tally.silent}"
    never = sorted({check for check, _ in tally.ran} - {check for check, outcome in tally.ran if outcome == "pass"})
    sys.stdout.write(
        f"healthy {tally.healthy.total()}, false alarms {tally.false_alarms}\n"
        f"broken  {tally.broken.total()}, false greens {tally.false_greens} "
        f"(failed {tally.broken[BROKEN]}, {inconclusive})\n"
        f"wrong causes {tally.misled}\n"
        f"commands that lose samples {tally.harmful}\n"
        f"checks  {len({check for check, _ in tally.ran})}, never passed: {', '.join(never) or 'none'}\n"
        f"{len(FAULTS)} faults, {len(DISTURBANCES)} disturbances, seed {seed}, {time.perf_counter() - began:.0f} s\n"
    )
    return tally.held


def run_systems(runs: int, seed: int) -> Tally:
    """Return the tally of a seed's systems, which are the same each time."""
    tally = Tally()
    source = random.Random(seed)  # noqa: S311 - no secret depends on it
    with tempfile.TemporaryDirectory() as folder:
        for number in range(runs):
            own, name = source.getrandbits(48), source.choice(sorted(FAULTS if number % 2 else DISTURBANCES))
            make = partial(make_system, name, own)
            system = make()
            code, checks = run_checks(system, Path(folder))
            tally.add(name, system, code, checks, find_lost_samples(make, _list_commands(checks), Path(folder)))
    return tally


def make_system(name: str, seed: int) -> RandomSystem:
    """Return a system with the disturbance or fault of that name. It is the same each time."""
    if name in DISTURBANCES:
        system = RandomSystem(seed)
        DISTURBANCES[name](system)
    else:
        fault = FAULTS[name]
        system = RandomSystem(seed, at_noon=fault.at_noon, is_new=fault.is_new, many=fault.many)
        fault.apply(system)
    return system


def run_checks(system: RandomSystem, folder: Path) -> tuple[int, Checks]:
    """Return the exit code of all checks over a system, and each check of the report. The folder is written to."""
    code, checks = system.report(folder)
    return code, list(checks.values())


def _list_commands(checks: Checks) -> list[str]:
    return [finding["hint"] for check in checks for finding in check["findings"]]


def _describe(checks: Checks) -> str:
    told = [
        f"{check['id']} {check['outcome']}: {finding['subject']}: {finding['found'][:120]} ({finding['cause']})"
        for check in checks
        for finding in check["findings"]
    ]
    return "; ".join(told) or "no finding"
