"""Node: the oldest version that set-up and the workers' tools accept, and the Node that runs the rehearsal."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

MIN_SYSTEM = (20, 0)  # npm, esbuild, TypeScript and Biome run on it
MIN_REHEARSAL = (22, 12)  # Miniflare and wrangler ask for it
FOLDER = Path(__file__).parent / "node-binary"  # its package.json names a package with the binary for each platform
_PACKAGES = Path(__file__).parents[1] / "rehearsal" / "edge" / "node_modules"
_VERSION_LIMIT = 30.0  # seconds


def find() -> Path | None:
    """Returns the Node that runs the rehearsal: the system's if it is new enough, else the one of set-up, if any."""
    system = shutil.which("node")
    if system is not None and is_new_enough(system):
        return Path(system)
    installed = FOLDER / "node_modules" / ".bin" / "node"  # npm's link, the same on each platform
    return installed if installed.exists() else None


def make_environment(path: str) -> dict[str, str]:
    """Returns the variables with which wrangler finds its Node on PATH, and starts faster because of compiled code."""
    found, system = find(), shutil.which("node")
    first = [] if found is None or str(found) == system else [str(found.parent)]
    return {"PATH": os.pathsep.join([*first, path]), "NODE_COMPILE_CACHE": str(_PACKAGES / ".cache")}


def is_new_enough(node: str | Path, minimum: tuple[int, int] = MIN_REHEARSAL) -> bool:
    """Returns whether a Node has at least this version. A Node that does not run is not new enough."""
    found = re.match(r"v(\d+)\.(\d+)\.", read_version(node))
    return found is not None and (int(found[1]), int(found[2])) >= minimum


def read_version(node: str | Path) -> str:
    """Returns the version that a Node prints, for example v22.12.0, or an empty text. It takes 4 ms."""
    try:
        done = subprocess.run([node, "--version"], capture_output=True, text=True, check=False, timeout=_VERSION_LIMIT)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip()


def describe(version: tuple[int, int]) -> str:
    """Returns a version as people write it: 20, or 22.12."""
    major, minor = version
    return f"{major}.{minor}" if minor else f"{major}"
