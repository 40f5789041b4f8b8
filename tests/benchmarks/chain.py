"""Finds the longest chain of requests that need each other's answers. Concurrency cannot shorten it."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import httpx

from checks import catalog
from checks.run.execute import execute
from checks.run.request import Request, Surroundings, Target

_OF = re.compile(r"check (\w+?)(?:_\d+)*")  # the name of a check's thread, or of a thread in its background
# Kind of request: the end of its path, and the kinds of answers that it needs if its check asks for them. Any other
# order is the check's choice. A request with a cursor or a page number also needs the page before.
KINDS: Mapping[str, tuple[str, Collection[str]]] = {
    "objects": (r"/r2/buckets/[^/]+/objects", ()),
    "object": (r"/r2/buckets/[^/]+/objects/.+", ("objects",)),
    "queues": (r"/queues", ()),
    "backlog": (r"/queues/[^/]+/metrics", ("queues",)),
    "versions": (r"/workers/scripts/[^/]+/versions", ()),
    "version": (r"/workers/scripts/[^/]+/versions/[^/]+", ("deployments", "versions")),
    "deployments": (r"/workers/scripts/[^/]+/deployments", ()),
    "secrets": (r"/workers/scripts/[^/]+/secrets", ()),
    "schedules": (r"/workers/scripts/[^/]+/schedules", ()),
    "settings": (r"/workers/scripts/[^/]+/(script-)?settings", ()),
    "content": (r"/workers/scripts/[^/]+/content/v2", ()),
    "bucket": (r"/r2/buckets/[^/]+", ()),
    "rules": (r"/r2/buckets/[^/]+/(lifecycle|domains/.+)", ()),
    "subdomain": (r"/workers/subdomain", ()),
    "rows": (r"/timeseries/paginated", ("objects",)),  # of a day that is stored
    "query": (r"/timeseries/query", ("object",)),
    "health": (r"/health", ()),
    "status": (r"/status", ("trigger",)),
    "trigger": (r"/trigger", ("status",)),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SentRequest:
    """One request: its check, its kind, whether it is a further page, and the requests of this check answered before it."""

    check: str
    kind: str
    further: bool
    known: Collection[int]


class Recorder(httpx.BaseTransport):
    """Passes requests to the network and records them in the order in which they began."""

    def __init__(self, network: httpx.BaseTransport) -> None:
        self.requests: list[SentRequest] = []
        self._answered: set[int] = set()
        self._lock, self._network = threading.Lock(), network

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send the request and record its answer. Raises ValueError for an unknown thread or kind of request."""
        check, kind = _check(threading.current_thread().name), _kind(request.url.path)
        further = "cursor" in request.url.params or request.url.params.get("page", "1") != "1"
        with self._lock:
            number = len(self.requests)
            known = {other for other in self._answered if self.requests[other].check == check}
            self.requests.append(SentRequest(check=check, kind=kind, further=further, known=known))
        try:
            return self._network.handle_request(request)
        finally:
            with self._lock:
                self._answered.add(number)


def run_recorded(
    manifest: Path,
    environ: Mapping[str, str],
    network: httpx.BaseTransport | None = None,
    now: datetime | None = None,
    write: Callable[[str], None] = lambda _: None,
) -> tuple[int, Sequence[SentRequest]]:
    """Run the read-only checks in this process, at another time if given. Returns the exit code and their requests.

    ``write`` gets the JSON report.
    """
    recorder = Recorder(httpx.HTTPTransport() if network is None else network)
    request = Request(stack=None, manifest=str(manifest), read_only=True, targets=(Target(format="json"),))
    surroundings = Surroundings(environ=environ, write=write, transport=recorder)
    if now is not None:
        surroundings = replace(surroundings, now=lambda: now)
    code = execute(request, surroundings)
    return code, recorder.requests


def find_longest(requests: Sequence[SentRequest]) -> list[str]:
    """Return the longest chain, each request as "check kind". A request, or its check, needs the request before it.

    The checks in ``needs`` must end before. ``after`` is only an order: no request depends on another by it.
    """
    catalogue, chains = catalog.load(), dict[str, list[str]]()

    def chain(name: str) -> list[str]:
        if name not in chains:
            before = _longest(chain(other) for other in catalogue[name].needs)
            chains[name] = [*before, *find_own(requests, name)]
        return chains[name]

    return _longest(chain(name) for name in {one.check: None for one in requests})


def find_own(requests: Sequence[SentRequest], check: str) -> list[str]:
    """Return the longest chain of one check's own requests."""
    chains: dict[int, list[str]] = {}
    for number, one in enumerate(requests):
        if one.check == check:
            made_of = {*KINDS[one.kind][1], *([one.kind] if one.further else ())}
            before = (chains[other] for other in one.known if requests[other].kind in made_of)
            chains[number] = [*_longest(before), f"{check} {one.kind}"]
    return _longest(chains.values())


def _longest(chains: Iterable[list[str]]) -> list[str]:
    return max(chains, key=len, default=[])


def _check(thread: str) -> str:
    found = _OF.fullmatch(thread)
    if found is None:
        raise ValueError(f"a request of an unknown thread: {thread}")
    return found[1]


def _kind(path: str) -> str:
    for kind, (pattern, _) in KINDS.items():
        if re.search(f"{pattern}$", path):
            return kind
    raise ValueError(f"a request of an unknown kind: add it to KINDS in tests/benchmarks/chain.py ({path})")
