"""Runs run.mjs: the backfill of many sites and years in made-up time."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

from toolchain import node


def simulate(**options: Any) -> dict[str, Any]:
    """Return the result of one simulation. The options are those of run.mjs."""
    program = node.find()
    if program is None:
        raise FileNotFoundError("Node is not installed. Run scripts/setup")
    command = [
        str(program),
        "--expose-gc",
        "--max-semi-space-size=64",
        str(Path(__file__).with_name("run.mjs")),
        json.dumps(options),
    ]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    result: dict[str, Any] = json.loads(done.stdout)
    return result
