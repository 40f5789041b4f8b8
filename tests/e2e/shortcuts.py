"""What commands do to a rehearsal, with fewer processes, for tests that are about something else."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

from checks.run.execute import execute
from checks.run.request import Request, Surroundings, Target
from rehearsal.local_system import STACK
from tests.e2e.conftest import World


def declare(world: World, **settings: Any) -> None:
    """Write settings into the stack's file, as `pulumi config set` does."""
    file = Path(world.local.environment["PULUMI_OPTION_CONFIG_FILE"])
    stack = yaml.safe_load(file.read_text())
    stack["config"] |= {f"building-vitals:{name}": value for name, value in settings.items()}
    file.write_text(yaml.safe_dump(stack))


def find_manifest(world: World) -> Path:
    """Return the file of the deployed stack's manifest. The engine is asked once for each state."""
    [state] = (world.local.folder / "state/.pulumi/stacks").rglob(f"{STACK}.json")
    manifest = world.local.folder / f"manifest-{hashlib.sha256(state.read_bytes()).hexdigest()}.json"
    if not manifest.exists():
        manifest.write_text(world.pulumi("stack", "output", "manifest", "--show-secrets"))
    return manifest


def run_checks(
    world: World,
    *names: str,
    manifest: Path | None = None,
    environment: Mapping[str, str] | None = None,
    ahead: timedelta = timedelta(),
    style: str = "text",
    **options: Any,
) -> tuple[int, str]:
    """Run the checks in this process, and return the exit code and the report.

    ``manifest`` replaces the deployed stack's, and ``environment`` is added. The clock is ``ahead`` of the real one.
    ``options`` are those of a Request.
    """
    file = str(manifest or find_manifest(world))
    request = Request(stack=None, manifest=file, names=names, targets=(Target(format=style),), **options)
    environ = {**world.local.environment, **(environment or {})}
    written: list[str] = []
    outside = Surroundings(environ=environ, write=written.append, now=lambda: datetime.now(UTC) + ahead)
    return execute(request, outside), "".join(written)


def checks(world: World, *names: str, **more: Any) -> tuple[int, dict[str, Any]]:
    """Run the checks in the same way, and return the exit code and the JSON report."""
    code, text = run_checks(world, *names, **more, style="json")
    return code, json.loads(text)
