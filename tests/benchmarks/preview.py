"""Times a preview without changes beside the same program without the reading of drift."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

from rehearsal import local_system as local
from rehearsal.local_system.run_folder import open_run_folder
from tests.benchmarks.side_by_side import Command, compare

LIMIT = 1.15
_PROGRAM = ("__main__.py", "Pulumi.yaml")
_ARGUMENTS = ("pulumi", "preview", "--expect-no-changes", "--non-interactive")


def preview(runs: int) -> bool:
    """Compare against a local Cloudflare, and return whether the reading of drift costs at most 15 % of a preview."""
    with open_run_folder() as folder:
        return asyncio.run(_compared(folder, runs)) <= LIMIT


async def _compared(folder: Path, runs: int) -> float:
    async with local.run_local_system(folder, days=1) as world:
        await world.pulumi("up", "--yes", "--skip-preview")
        ours = Command(name="pulumi preview", arguments=_ARGUMENTS, environment=world.environment, folder=local.ROOT)
        without = Command(
            name="the same without the reading of drift",
            arguments=_ARGUMENTS,
            environment=world.environment,
            folder=_copy_without_drift(folder / "without"),
        )
        return await asyncio.to_thread(compare, ours, without, runs=runs)


def _copy_without_drift(folder: Path) -> Path:
    """Copy the program with a stand-in that sends no request to Cloudflare and does not load the HTTP client."""
    folder.mkdir()
    for name in _PROGRAM:
        shutil.copy(local.ROOT / name, folder)
    for name in ("cloudflare_client", "contract", "infra", "workers"):
        shutil.copytree(local.ROOT / name, folder / name)
    (folder / ".venv").symlink_to(local.ROOT / ".venv")
    shutil.copy(Path(__file__).with_name("program_without_drift.py"), folder / "infra" / "account.py")
    return folder
