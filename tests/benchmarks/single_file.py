"""Times a start of the single file of a release beside the same command of the checkout."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from tests.benchmarks.side_by_side import Command, compare

ROOT = Path(__file__).resolve().parents[2]
LIMIT = 3.0


def single_file(runs: int) -> bool:
    """Compare, and return whether the single file, once it is extracted, starts within 3 times of the checkout."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "building-vitals.pyz")
        subprocess.run(["scripts/release", file], cwd=ROOT, check=True, capture_output=True)
        home = {"SHIV_ROOT": folder, "SHIV_FORCE_EXTRACT": ""}
        sys.stdout.write(f"{file.name:<44} {file.stat().st_size / 1e6:.1f} MB\n")
        extract = Command(
            name="the same, extracted anew",
            arguments=["bash", "-c", 'rm -rf "$SHIV_ROOT"/*_*; exec "$@"', "-", sys.executable, str(file), "--version"],
            environment=home,
        )
        ours = Command(
            name="building-vitals.pyz check --help",
            arguments=[sys.executable, str(file), "check", "--help"],
            environment=home,
        )
        checkout = Command(name="python -m checks --help", arguments=[sys.executable, "-m", "checks", "--help"])
        compare(extract, checkout, runs=runs)
        return compare(ours, checkout, runs=runs) <= LIMIT
