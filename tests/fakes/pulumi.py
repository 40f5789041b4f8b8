"""A fake `pulumi` command: it prints a prepared answer to each subcommand, and records how it was called."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from checks.catalog.config import list_settings
from contract.manifest import Manifest
from tests.fakes.manifest import manifest_data

URN = "urn:pulumi:prod::building-vitals::building-vitals:edge:Worker$building-vitals:edge:Manifest::backfill"
PROJECT = "building-vitals"


def install(folder: Path, answers: Mapping[str, Mapping[str, Any]]) -> Path:
    """Write `pulumi` into a folder, which must be on PATH. Return the file that records each command line.

    An answer has ``out``, ``err`` and ``code``, each of which may be left out.
    """
    whole = {name: {"out": "", "err": "", "code": 0, **answer} for name, answer in answers.items()}
    calls, command = folder / "pulumi-calls", folder / "pulumi"
    command.write_text(
        f"#!{sys.executable}\nimport sys\nanswers = {whole!r}\n"
        f"open({str(calls)!r}, 'a').write(' '.join(sys.argv[1:]) + chr(10))\n"
        "found = answers[sys.argv[1]]\nsys.stdout.write(found['out']); sys.stderr.write(found['err'])\n"
        "sys.exit(found['code'])\n"
    )
    command.chmod(0o755)
    return calls


def preview(*steps: object, **more: object) -> dict[str, str]:
    """Return the answer of a preview with these steps."""
    return {"out": json.dumps({"steps": list(steps), **more})}


def step(data: object, urn: str = URN) -> dict[str, object]:
    """Return the step of a preview that creates the component with the manifest."""
    return {"op": "create", "urn": urn, "newState": {"inputs": {"manifest": data}}}


def configuration(key: str = "", **changes: str) -> dict[str, str]:
    """Return the answer about the configuration of a stack that is deployed with the manifest of the fake system."""
    deployed = dict(list_settings(Manifest.from_dict(manifest_data())))
    settings = {"schedule": "", "workerUrl": "", **deployed, **changes}
    values = {f"{PROJECT}:{name}": {"value": value, "secret": False} for name, value in settings.items()}
    values[f"{PROJECT}:aceApiKey"] = {"value": key, "secret": True}
    return {"out": json.dumps(values)}


def list_commands(calls: Path) -> list[str]:
    """Return the recorded subcommands, sorted, because the engine is asked concurrently."""
    return sorted(line.split()[0] for line in calls.read_text().splitlines())
