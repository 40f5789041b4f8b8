"""Times the copy of a day of 500,000 samples in workerd, beside the compression of the same lines with one stream.

The limit holds for CPU seconds, because other programs on the machine change the wall time.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.benchmarks.large_day import SAMPLES, LargeDay, serve
from tests.worker.harness import ROOT, Harness

MAX_RATIO = 3.5  # of CPU seconds: copy / compression alone
MAX_PEAK = 128.0  # MB above the idle process
PAGE = 10_000
TOGETHER = [(1, 100_000), (2, PAGE), (4, PAGE), (4, 1_000), (2, 50_000)]  # days copied at once, and the page size
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """CPU and wall seconds of one call, and the peak of the process above its idle size in MB."""

    cpu: float
    wall: float
    peak: float


def copy(runs: int) -> bool:
    """Measure copies and compressions in turn, and return whether time and memory are within their limits."""
    day = LargeDay()
    with tempfile.TemporaryDirectory(prefix="bv-bench-") as name, serve(day, PAGE) as url:
        bench = _Bench(Path(name), url)
        size = len(day.page(PAGE, None)) * SAMPLES // PAGE
        sys.stdout.write(f"{SAMPLES:,} samples, {size / 1e6:.0f} MB of JSON, {SAMPLES // PAGE} pages\n")
        pairs = [(bench.copy(PAGE), bench.compress()) for _ in range(runs)]
        copies, compressions = ([pair[index] for pair in pairs] for index in (0, 1))
        _write("copy in format 2", copies)
        _write("compression with one stream", compressions, is_measured=False)
        ratio = statistics.median(ours.cpu / other.cpu for ours, other in pairs)
        wall = statistics.median(ours.wall / other.wall for ours, other in pairs)
        peak = max(cost.peak for cost in copies)
        sys.stdout.write(f"ratio, pair by pair: CPU {ratio:.2f}, at most {MAX_RATIO}. Wall {wall:.2f}\n")
        sys.stdout.write(f"largest peak: {peak:.0f} MB above the idle process, at most {MAX_PEAK:.0f}\n")
        for days, page in TOGETHER:
            _write(f"{days} days at once, pages of {page:,}", [bench.copy(page, days) for _ in range(2)])
        _write("re-check without a change", [bench.revise(day, is_late=False) for _ in range(2)])
        _write("re-check with 50,000 late rows", [bench.revise(day, is_late=True) for _ in range(2)])
    return ratio <= MAX_RATIO and peak <= MAX_PEAK


def _write(name: str, costs: list[Cost], *, is_measured: bool = True) -> None:
    cpu, wall = statistics.median(cost.cpu for cost in costs), statistics.median(cost.wall for cost in costs)
    peak = f"peak +{max(cost.peak for cost in costs):3.0f} MB" if is_measured else " " * 12
    sys.stdout.write(f"{name:<32} CPU {cpu:5.2f} s  wall {wall:5.2f} s  {peak}  ({len(costs)} runs)\n")


class _Bench:
    """Runs each measurement in a workerd of its own, because a used process keeps memory."""

    def __init__(self, folder: Path, url: str) -> None:
        self._folder = folder
        self._source = folder / "probe.js"
        self._bindings = {"ACE_BASE_URL": url}
        esbuild = ROOT / "workers" / "node_modules" / ".bin" / "esbuild"
        entry = Path(__file__).with_name("copy_probe.mjs")
        options = ["--bundle", "--format=esm", "--target=esnext", "--log-level=warning", f"--outfile={self._source}"]
        subprocess.run([esbuild, entry, *options], check=True)

    def copy(self, page_size: int, days: int = 1) -> Cost:
        """Copy the day into an empty bucket, or so many days at once in one isolate."""
        with self._start() as worker:
            return worker.measure("/copy", page_size, "stored", days)

    def compress(self) -> Cost:
        """Compress the lines, which are in memory before."""
        with self._start() as worker:
            worker.call("/load", PAGE)
            return worker.measure("/compress", PAGE)

    def revise(self, day: LargeDay, *, is_late: bool) -> Cost:
        """Read a stored day again, in another process than the one that copied it."""
        with tempfile.TemporaryDirectory(dir=self._folder) as data:
            day.is_late = is_late
            with self._start(data) as worker:
                worker.call("/copy", PAGE)
            day.is_late = False
            with self._start(data) as worker:
                return worker.measure("/revise", PAGE, "revised" if is_late else "unchanged")

    @contextmanager
    def _start(self, data: str | None = None) -> Iterator[_Worker]:
        with tempfile.TemporaryDirectory(dir=self._folder) as empty:
            worker = {"bindings": self._bindings, "bucket": "bench", "source": str(self._source)}
            harness = Harness(Path(data or empty), workers={"bench": worker}, worker=str(self._source))
            try:
                yield _Worker(harness)
            finally:
                harness.stop()


class _Worker:
    """The worker of the benchmark in a workerd that has answered one request."""

    def __init__(self, harness: Harness) -> None:
        self._harness = harness
        self._pid = harness.find_workerd()
        harness.http.get(f"{harness.urls['bench']}/idle")
        self._idle = _read_memory(self._pid, "VmRSS")

    def call(self, route: str, page_size: int, days: int = 1) -> Any:
        """Return the result of a route."""
        url = self._harness.urls["bench"] + route
        answer = self._harness.http.post(url, json={"pageSize": str(page_size), "days": days}, timeout=300)
        return answer.raise_for_status().json()["result"]

    def measure(self, route: str, page_size: int, expected: str | None = None, days: int = 1) -> Cost:
        """Return the cost of a route, whose result must be the expected one."""
        Path(f"/proc/{self._pid}/clear_refs").write_text("5")  # the peak begins anew
        cpu, begun = _read_cpu(self._pid), time.monotonic()
        result = self.call(route, page_size, days)
        wall, cpu = time.monotonic() - begun, _read_cpu(self._pid) - cpu
        found = result["result"] if isinstance(result, dict) else result
        if expected is not None and found != expected:
            raise RuntimeError(f"expected {expected}, found {found}")
        return Cost(cpu=cpu, wall=wall, peak=_read_memory(self._pid, "VmHWM") - self._idle)


def _read_memory(pid: int, field: str) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{field}:")) / 1024


def _read_cpu(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS
