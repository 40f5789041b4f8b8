"""The stack of a rehearsal: its settings, and an empty stack in the run's folder."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import yaml

from rehearsal.local_system import commands
from toolchain import engine

STACK = "rehearsal"
_PROJECT = engine.ROOT / "Pulumi.yaml"
_OWN_FILE = Path(__file__).with_name(f"Pulumi.{STACK}.yaml")


def read_settings() -> dict[str, Any]:
    """Return the settings that the program will read: the declared defaults, replaced by the rehearsal's own values."""
    defaults = {key: item["default"] for key, item in _load(_PROJECT)["config"].items()}
    return defaults | {key.partition(":")[2]: value for key, value in _load(_OWN_FILE)["config"].items()}


def make_sites(*, days: int, number: int = 1) -> list[dict[str, str]]:
    """Return the setting ``sites`` of a rehearsal: its own site and so many others, with the same days."""
    [own] = read_settings()["sites"]
    first = date.fromisoformat(own["startDate"])
    last = str(first + timedelta(days=days - 1))
    names = [own["name"], *(f"ses_site_{other:03}" for other in range(2, number + 1))]
    return [{"name": name, "startDate": str(first), "endDate": last} for name in names]


async def create_stack(folder: Path, *, environment: Mapping[str, str], settings: Mapping[str, Any]) -> None:
    """Create an empty stack with its state and settings in ``folder``.

    The engine writes the settings of a new stack beside Pulumi.yaml, so it gets a copy of Pulumi.yaml outside the
    checkout. ``settings`` replace the rehearsal's own.
    """
    (folder / "state").mkdir()
    shutil.copy(_PROJECT, folder)
    await commands.capture(("pulumi", "stack", "init", STACK, "--no-select"), environment=environment, folder=folder)
    file = folder / _OWN_FILE.name
    content = _load(_OWN_FILE)
    for key, value in settings.items():
        content["config"][f"building-vitals:{key}"] = value
    file.write_text(yaml.safe_dump(_load(file) | content))


def _load(path: Path) -> dict[str, dict[str, Any]]:
    data: dict[str, dict[str, Any]] = yaml.safe_load(path.read_text())
    return data
