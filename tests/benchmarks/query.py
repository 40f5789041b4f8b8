"""Times the query worker in workerd: one point over a month, and 100 points of a day, in format 2 and in format 1."""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.benchmarks.stored_volume import NAMES, TICKS, make_objects
from tests.worker.harness import Harness, find_bundle

DAYS, FEW_DAYS = 31, 8
FIRST = date(2024, 12, 1)
ALL_DAYS = [(FIRST + timedelta(days=number)).isoformat() for number in range(DAYS)]
SITE = "ses_falls_city"
BUDGET = {"PROBE": {"limits": {"budgetMs": 600_000}}}  # format 1 needs more than the worker's own 10 s
BINDINGS = {
    "SITES": f'[{{"name":"{SITE}","startDate":"{FIRST}"}}]',
    "KEY_TEMPLATE": "timeseries/{site}/{date}/data.ndjson.gz",
    "CF_VERSION_METADATA": {"id": "version-1", "tag": "bv:test"},
}
MIN_RATIO, MAX_SECONDS = 20, 3.0
MAX_SLOWER = 1.1  # of format 1, as the worker reads it now: 2.0 times as fast as at 2026-11-27
MAX_GROWTH = 1.25  # of the peak memory, 31 days against 8
MB = 1024


def query(runs: int) -> bool:
    """Measure the memory of format 2, then both formats in turn. Return whether all aims are reached."""
    with tempfile.TemporaryDirectory(prefix="bv-bench-") as folder:
        with _start(Path(folder)) as harness:
            _store(harness)
        with _start(Path(folder)) as harness:  # it has never held the days
            flat = _measure_memory(harness)
            month = _compare(harness, "one point, 31 days", NAMES[77:78], DAYS, 3)
            day = _compare(harness, "100 points, 1 day", NAMES[::10], 1, runs)
    reached = [month[0] / month[1] >= MIN_RATIO, month[1] < MAX_SECONDS, day[1] <= day[0] * MAX_SLOWER, flat]
    return all(reached)


@contextmanager
def _start(folder: Path) -> Iterator[Harness]:
    workers: dict[str, dict[str, Any]] = {
        name: {"bindings": {**BINDINGS, **BUDGET}, "bucket": name, "wrapped": True} for name in ("format1", "format2")
    }
    harness = Harness(folder, workers=workers, worker=find_bundle("query"), wrapper="query_probe.mjs")
    try:
        yield harness
    finally:
        harness.stop()


def _store(harness: Harness) -> None:
    began = time.perf_counter()
    with ProcessPoolExecutor(2) as pool:
        for day, objects in zip(ALL_DAYS, pool.map(make_objects, ALL_DAYS), strict=True):
            for worker, item in zip(("format1", "format2"), objects, strict=True):
                key = f"timeseries/{SITE}/{day}/data.ndjson.gz"
                harness.control("put", worker=worker, key=key, content=item.body, custom=item.custom)
    sys.stdout.write(f"{DAYS} days of 500,000 samples stored in both formats in {time.perf_counter() - began:.0f} s\n")


def _compare(harness: Harness, name: str, points: list[str], days: int, runs: int) -> tuple[float, float]:
    """Print and return the median seconds of format 1 and of format 2, measured in turn."""
    times: dict[str, list[float]] = {"format1": [], "format2": []}
    for _ in range(runs):
        for worker, taken in times.items():
            taken.append(_ask(harness, worker, points, days))
    first, second = (statistics.median(taken) for taken in times.values())
    for worker, taken in times.items():
        spread = f"{min(taken):.3f} to {max(taken):.3f}"
        title = f"{name}, {worker}"
        sys.stdout.write(f"{title:<40} median {statistics.median(taken):.3f} s  ({spread})\n")
    sys.stdout.write(f"{name}: format 2 is {first / second:.1f} times as fast\n")
    return first, second


def _ask(harness: Harness, worker: str, points: list[str], days: int) -> float:
    start = int(datetime(FIRST.year, FIRST.month, FIRST.day, tzinfo=UTC).timestamp()) * 1000
    names, end = ",".join(points), start + days * 86_400_000
    url = f"{harness.urls[worker]}/timeseries/query?site_name={SITE}&point_names={names}&start_time={start}&end_time={end}"
    began = time.perf_counter()
    answer = harness.http.get(url, timeout=600)
    seconds = time.perf_counter() - began
    found = answer.json()["count"]
    if found != len(points) * days * TICKS:
        raise ValueError(f"{worker} returned {found} samples")
    return seconds


def _measure_memory(harness: Harness) -> bool:
    """Print the peak memory of workerd, which has the local R2 too. Return whether more days need no more memory."""
    sys.stdout.write(f"{'workerd before the first request':<40} {harness.read_peak_memory() / MB:.0f} MB\n")
    peaks = {}
    for points in (NAMES[77:78], NAMES[::10]):
        for days in (FEW_DAYS, DAYS):
            harness.reset_peak_memory()
            _ask(harness, "format2", points, days)
            peaks[len(points), days] = harness.read_peak_memory()
            name = f"{'one point' if len(points) == 1 else '100 points'}, {days} days, format2, peak"
            sys.stdout.write(f"{name:<40} {peaks[len(points), days] / MB:.0f} MB\n")
    return peaks[1, DAYS] <= peaks[1, FEW_DAYS] * MAX_GROWTH  # an answer of 100 points leaves much garbage to V8
