"""Times `scripts/setup --production` and `scripts/setup` in turn, in a fresh checkout and with empty caches of packages."""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
OPTIONS = ("--production", "")
LIMIT = 0.7  # of the CPU time of the full set-up
COLD = 'rm -rf .venv node_modules */node_modules */*/node_modules "$CACHES" && exec scripts/setup "$@"'


def set_up(runs: int) -> bool:
    """Print times and sizes, and return whether the production set-up takes less than 0.7 of the CPU time.

    There is no warm-up. The engine is not measured: it is installed already. uv, pip and npm use the configured registries.
    """
    cpu: dict[str, list[float]] = {option: [] for option in OPTIONS}
    with tempfile.TemporaryDirectory() as folder:
        checkout, caches = Path(folder, "checkout"), Path(folder, "caches")
        subprocess.run(["git", "clone", "--quiet", ROOT, checkout], check=True)
        paths = {"UV_CACHE_DIR": "uv", "PIP_CACHE_DIR": "pip", "npm_config_cache": "npm"}
        environment = {**os.environ, "CACHES": str(caches), **{key: str(caches / name) for key, name in paths.items()}}
        for _ in range(runs):
            for option in OPTIONS:
                began, before = time.perf_counter(), _read_cpu_seconds()
                command = ["bash", "-c", COLD, "setup", *filter(None, [option])]
                subprocess.run(command, check=True, cwd=checkout, env=environment, capture_output=True)
                cpu[option].append(_read_cpu_seconds() - before)
                wall, size = time.perf_counter() - began, _measure(checkout)
                sys.stdout.write(
                    f"scripts/setup {option:<12} {wall:6.1f} s, CPU {cpu[option][-1]:5.1f} s, {size:4.0f} MB\n"
                )
    return statistics.median(cpu["--production"]) <= LIMIT * statistics.median(cpu[""])


def _read_cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _measure(folder: Path) -> float:
    """Returns the size of a folder in MB, without git's own files."""
    total = 0
    for path, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name != ".git"]
        total += sum(os.lstat(f"{path}/{name}").st_size for name in names)
    return total / 1e6
