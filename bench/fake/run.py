"""One run of every check over a made-up system."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx

from bench.fake.system import API_TOKEN, System
from checks.command import Outside, Request, execute
from checks.options import Target
from checks.patience import Patience

Checks = list[dict[str, Any]]


def judged(system: System, folder: Path) -> tuple[int, Checks]:
    """Return the exit code, and each check of the JSON report; the folder is written to."""
    manifest = folder / "manifest.json"
    manifest.write_text(json.dumps(system.manifest))
    written: list[str] = []
    outside = Outside(
        environ={"CLOUDFLARE_API_TOKEN": API_TOKEN, "ACE_API_KEY": system.key},
        write=written.append,
        transport=httpx.MockTransport(system.handle),
        connect=system.cloudflare.tail.connect,
        patience=lambda seconds: Patience.lasting(seconds, clock=system.clock, sleep=system.clock.sleep),
        now=lambda: system.calendar.begins + system.ahead,
        watch=system.clock.watch,
    )
    code = execute(Request(stack=None, manifest=str(manifest), targets=(Target(format="json"),)), outside)
    checks: Checks = json.loads("".join(written))["checks"]
    return code, checks
