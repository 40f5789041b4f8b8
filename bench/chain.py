"""Which requests the checks make one after the other: the chain that no parallelism can shorten."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import httpx

from checks import catalog
from checks.command import Outside, Request, execute
from checks.options import Target

_THREAD = "check "  # what the runner calls the thread of a check, before the check's id


class _Recorder(httpx.BaseTransport):
    """The network, and whose request each is: that of the check in whose thread it is made."""

    def __init__(self) -> None:
        self.asked: Counter[str] = Counter()
        self._lock, self._network = threading.Lock(), httpx.HTTPTransport()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Count, and ask."""
        with self._lock:
            self.asked[threading.current_thread().name.removeprefix(_THREAD)] += 1
        return self._network.handle_request(request)


def recorded(manifest: Path, environ: Mapping[str, str]) -> tuple[int, Counter[str]]:
    """Run the read-only checks in this process; return the exit code, and how many requests each check made."""
    recorder = _Recorder()
    request = Request(stack=None, manifest=str(manifest), read_only=True, targets=(Target(format="json"),))
    code = execute(request, Outside(environ=environ, write=lambda _: None, transport=recorder))
    return code, recorder.asked


def longest(asked: Mapping[str, int]) -> list[str]:
    """Return the longest chain: a check's id once a request, those before which it had to wait first."""
    known, chains = catalog.load(), {}

    def chain(name: str) -> list[str]:
        if name not in chains:
            check = known[name]
            before = [chain(other) for other in (*check.needs, *check.after) if other in asked]
            chains[name] = [*max(before, key=len, default=[]), *[name] * asked.get(name, 0)]
        return chains[name]

    return max((chain(name) for name in asked if name in known), key=len, default=[])
