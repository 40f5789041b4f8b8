"""One run of every check over a made-up system."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx

from checks.model.deadline import Deadline
from checks.run.execute import execute
from checks.run.request import Request, Surroundings, Target
from tests.fakes.system import API_TOKEN, System

Checks = list[dict[str, Any]]


def judged(system: System, folder: Path) -> tuple[int, Checks]:
    """Return the exit code, and each check of the JSON report; the folder is written to."""
    manifest = folder / "manifest.json"
    manifest.write_text(json.dumps(system.manifest))
    written: list[str] = []
    outside = Surroundings(
        environ={"CLOUDFLARE_API_TOKEN": API_TOKEN, "ACE_API_KEY": system.key},
        write=written.append,
        transport=httpx.MockTransport(system.handle),
        connect=system.cloudflare.tail.connect,
        deadline=lambda seconds: Deadline.starting_now(seconds, clock=system.clock, sleep=system.clock.sleep),
        now=lambda: system.calendar.begins + system.ahead,
        watch=system.clock.watch,
    )
    code = execute(Request(stack=None, manifest=str(manifest), targets=(Target(format="json"),)), outside)
    checks: Checks = json.loads("".join(written))["checks"]
    return code, checks
