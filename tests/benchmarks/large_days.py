"""Times the check `proof` of a day of 500,000 samples, with an ACE that takes a second for a page."""

from __future__ import annotations

import json
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx

from rehearsal.ace.page_request import read_page_request
from rehearsal.ace.window import cut_page
from tests.fakes.days import date_of
from tests.fakes.healthy_system import healthy_system
from tests.fakes.manifest import SITE, manifest_data
from tests.fakes.system import System
from tests.fakes.volume import Volume

POINTS, PAGE = 1_737, 10_000  # 1,737 points every five minutes are 500,256 samples
PAGE_SECONDS = 1.0
DEADLINE = 60.0


def large_days(runs: int) -> bool:
    """Measure the default deadline and a longer one, and return whether both end in time with a verdict."""
    del runs  # one run takes a minute
    return all([_measure(DEADLINE), _measure(10 * DEADLINE)])


def _measure(seconds: float) -> bool:
    system = _build_system()
    began = time.monotonic()
    system.clock = _RealClock()  # type: ignore[assignment]
    with tempfile.TemporaryDirectory() as folder:
        code, text = system.run(Path(folder), "proof", skip=("trigger", "logs"), formats=("json",), seconds=seconds)
    wall = time.monotonic() - began
    checks = {check["id"]: check for check in json.loads(text)["checks"]}
    for name in ("r2", "proof"):
        said = [*checks[name]["evidence"], *(item["found"] for item in checks[name]["findings"])][-1]
        sys.stdout.write(f"{name:<8}{checks[name]['seconds']:6.1f} s  {said}\n")
    sys.stdout.write(f"deadline of {seconds:g} s: exit code {code} after {wall:.1f} s\n")
    return code == 0 and wall < seconds


class _RealClock:
    """The clock of this machine in the place of the fake one."""

    def __call__(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Sleep."""
        time.sleep(seconds)

    def watch(self, check: str, result: object | None) -> None:
        """Take no note."""


def _build_system() -> System:
    day = date_of(0)
    start = datetime.fromisoformat(day)
    samples = Volume(site=SITE, count=POINTS).samples(start, start + timedelta(days=1))
    system = healthy_system(stored=0, manifest=manifest_data(ace__page_size=PAGE))
    first = int(start.replace(tzinfo=UTC).timestamp()) * 1000
    system.write(
        day,
        [
            {
                "point_name": item.name,
                "timestamp": first + (item.time - start) // timedelta(milliseconds=1),
                "value": float(item.value),
            }
            for item in samples
        ],
    )

    def answer(request: httpx.Request) -> httpx.Response:
        query = read_page_request(request.url.params)
        if query.page_size == PAGE:
            time.sleep(PAGE_SECONDS)
        rows = [item for item in samples if query.start <= item.time < query.end]
        return httpx.Response(200, content=cut_page(rows, query, quirks=True).encode())

    system.routes["GET", "/paginated"] = answer
    return system
