"""Simulates the backfill of 100 sites and 5 years of 500,000 samples a day, with made-up time, faults of ACE and kills."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from tests.worker.simulation.scale.simulate import simulate

MAX_REQUESTS = 1.05  # times the least possible
MAX_PLANNED = 500  # days in the queue
MAX_MEMORY_MB = 100  # of the planner. Cloudflare gives 128 MB to the whole worker
MORE_HOURS = 8  # after the last day is stored, so that the days with late rows are read again
SIZE = {"sites": 100, "days": 1826, "pages": 50, "parallelism": 50}


def scale(runs: int, seed: int) -> bool:
    """Run one simulation of the full size, print its numbers, and return whether all aims are reached."""
    del runs  # one run takes minutes
    result = simulate(seed=seed, memory=True, progress=True, moreHours=MORE_HOURS, **SIZE)
    sys.stdout.write(describe(result, seed))
    return judge(result)


def judge(result: Mapping[str, Any]) -> bool:
    """Return whether nothing was lost or doubled, and the aims for requests, queue and memory are reached."""
    wrong = sum(result[name] for name in ("lost", "doubled", "missing", "wrong_failures"))
    return bool(
        wrong == 0
        and result["requests"] <= MAX_REQUESTS * result["least"]
        and result["largest_plan"] <= MAX_PLANNED
        and result["largest_queue"]
        <= MAX_PLANNED + SIZE["parallelism"]  # a consumer that is killed after it stored its day
        and result["planner_mb"] <= MAX_MEMORY_MB
    )


def describe(result: Mapping[str, Any], seed: int) -> str:
    """Return the numbers of a result as lines."""
    copied, planner = result["copied"], result["planner"]
    operations = ", ".join(f"{count:.1f} {name}" for name, count in planner.items() if count >= 0.05)
    answers = ", ".join(f"{name} {count:,}" for name, count in result["by_answer"].items())
    lines = {
        "size": f"{SIZE['sites']} sites, {SIZE['days']} days, {SIZE['pages']} pages a day, parallelism {SIZE['parallelism']}, seed {seed}",
        "time": f"{copied['hours']:.1f} h of made-up time, {copied['days'] / copied['hours']:,.0f} days an hour",
        "requests to ACE": f"{result['requests']:,}, {result['requests'] / result['least']:.3f} times the least possible ({answers})",
        "largest queue": f"{result['largest_queue']} messages, {result['largest_plan']} planned days",
        "planner": f"{operations} a run of R2, {result['planner_mb']:.0f} MB, {result['planner_cpu_s']:.2f} s of CPU",
        "kills": f"{result['kills']:,} invocations in {result['crons']:,} runs of the cron",
        "days": f"{result['stored']:,} stored, {result['revised']} revised, {result['lost']} lost, {result['doubled']} doubled,"
        f" {result['missing']} missing, {result['wrong_failures']} failed or stored against ACE",
        "cost": f"{result['events']:,} operations, {result['cpu_seconds']:.0f} s of CPU",
    }
    return "".join(f"{name:<17}{text}\n" for name, text in lines.items())
