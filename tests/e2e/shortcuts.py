"""What commands do to a rehearsal, with fewer processes, for tests that are about something else."""

from __future__ import annotations

import hashlib
import json
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
    world: World, *names: str, skip: tuple[str, ...] = (), read_only: bool = False, style: str = "text"
) -> tuple[int, str]:
    """Run the checks of the deployed stack in this process, and return the exit code and the report."""
    request = Request(
        stack=None,
        manifest=str(find_manifest(world)),
        names=names,
        skip=skip,
        read_only=read_only,
        targets=(Target(format=style),),
    )
    written: list[str] = []
    code = execute(request, Surroundings(environ=world.local.environment, write=written.append))
    return code, "".join(written)


def checks(world: World, *names: str, **more: Any) -> tuple[int, dict[str, Any]]:
    """Run the checks in the same way, and return the exit code and the JSON report."""
    code, text = run_checks(world, *names, **more, style="json")
    return code, json.loads(text)
