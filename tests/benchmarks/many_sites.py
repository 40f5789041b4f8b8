"""Measures the checks of a stack with 100 sites and 5 years over a fake account: requests, seconds and memory."""

from __future__ import annotations

import resource
import tempfile
import time
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from datetime import time as clock_time
from pathlib import Path

import click

from contract.schedule import DAY
from tests.fakes import days, run_log
from tests.fakes.healthy_system import healthy_system
from tests.fakes.manifest import CRON, QUERY, manifest_data
from tests.fakes.queues import declare_queues
from tests.fakes.system import System

SITES, DAYS = 100, 1825
MAX_REQUESTS = 700  # to Cloudflare's API, whose limit is 1,200 in 5 minutes
MAX_MEMORY = 400  # MB, beyond the memory of the fake account
NOON = clock_time(12)
SECONDS = 300.0  # of the deadline


def many_sites(_runs: int) -> bool:
    """Run all checks once while all days are stored, and once after a batch stored one. Return whether both fit."""
    system = _create_system()
    whole = _measure(system, "all days are stored")
    del system.objects[days.key_of(days.date_of(DAYS - 1), _name(7))]
    runs = [run | {"planned": 1, "queued": 1} for run in run_log.read_runs(system.objects)]
    run_log.write_runs(system.objects, runs)
    return whole & _measure(system, "a batch stores one day")


def _name(number: int) -> str:
    return f"site_{number:03}"


def _create_system() -> System:
    """Return a system whose days are small objects in format 2 that differ in their keys and metadata."""
    names, now = [_name(number) for number in range(SITES)], datetime.combine(days.FIRST + DAYS * DAY, NOON, tzinfo=UTC)
    declared = manifest_data(names=names, last=days.date_of(DAYS - 1), siblings__query_url=QUERY)
    system = healthy_system(stored=0, total=DAYS, now=now, manifest=declared)
    declare_queues(system)
    run_log.write_runs(system.objects, run_log.cron_runs(CRON, now))
    for number in range(DAYS):
        day = days.date_of(number)
        uploaded = datetime.combine(days.FIRST + (number + 4) * DAY, NOON, tzinfo=UTC)
        made = days.stored_in_members(day, uploaded=min(uploaded, now - timedelta(minutes=4)))
        rows = days.to_rows(days.lines(day))
        for name in names:
            system.objects[days.key_of(day, name)] = replace(made, custom=dict(made.custom))
            system.ace.sites[name][day] = rows
    return system


def _measure(system: System, title: str) -> bool:
    system.asked.clear()
    before, began, used = _peak(), time.monotonic(), time.process_time()
    with tempfile.TemporaryDirectory() as folder:
        code, report = system.report(Path(folder), seconds=SECONDS)
    seconds, cpu, memory = time.monotonic() - began, time.process_time() - used, _peak() - before
    api = [path for path in system.asked if "/client/v4/" in path]
    lists = sum(path.endswith("/objects") for path in api)
    outcomes = Counter(check["outcome"] for check in report.values())
    shown = ", ".join(f"{name} {count}" for name, count in sorted(outcomes.items()))
    click.echo(f"{title}: exit code {code} ({shown})")
    click.echo(f"  {len(api)} requests to the API, {lists} of them lists, {len(system.asked) - len(api)} others")
    click.echo(f"  {seconds:.1f} s ({cpu:.1f} s of CPU) with the fake account, {memory:.0f} MB more than the account")
    for check in report.values():
        for item in check["findings"]:
            click.echo(f"  {check['id']}: {item['subject']}: expected {item['expected']}, found {item['found']}")
    return code == 0 and len(api) <= MAX_REQUESTS and memory <= MAX_MEMORY


def _peak() -> float:
    """Return the largest resident memory so far in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
