"""The versions of the programs that a run used: engine, language host, plugin and API."""

from __future__ import annotations

import importlib.metadata
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from contract.version import VERSION

HOST, PLUGIN = "pulumi-language-python", "pulumi-resource-cloudflare"


def read_versions(environment: Mapping[str, str], *, base_url: str) -> dict[str, str]:
    """Return name and version of each program. The engine prefers a plugin on PATH to an installed one."""
    path = environment.get("PATH", os.defpath)
    engine = shutil.which("pulumi", path=path)
    sdk = importlib.metadata.version("pulumi-cloudflare")
    return {
        "building-vitals": VERSION,
        "engine": "missing" if engine is None else _ask_version(engine, environment),
        "language host": _describe(HOST, path, engine, "bundled with the engine"),
        "cloudflare plugin": _describe(PLUGIN, path, engine, f"official, {sdk}"),
        "pulumi-cloudflare SDK": sdk,
        "API": base_url,
    }


def _ask_version(engine: str, environment: Mapping[str, str]) -> str:
    try:
        done = subprocess.run(
            [engine, "version"], capture_output=True, text=True, check=False, env=dict(environment), timeout=30
        )
    except (OSError, subprocess.SubprocessError) as error:
        return f"unknown ({type(error).__name__})"
    return done.stdout.strip() or f"unknown (exit code {done.returncode})"


def _describe(program: str, path: str, engine: str | None, otherwise: str) -> str:
    found = shutil.which(program, path=path)
    if found is None or (engine is not None and Path(found).parent == Path(engine).parent):
        return otherwise
    return f"on PATH: {found}"
