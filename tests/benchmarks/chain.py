"""Which requests of the checks depend on each other's answers: the chain that no parallelism can shorten."""

from __future__ import annotations

import re
import threading
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx

from checks import catalog
from checks.run.execute import execute
from checks.run.request import Request, Surroundings, Target

_OF = re.compile(r"check (\w+?)(?:_\d+)?")  # a check's thread, by the runner's name for it; or one of a pool of its own
# What a request asks for, by the end of its path, and of which answers it is made, where its check has such ones: any
# other order of them is the check's own choice. One with a cursor or a page's number is made of the page before, too.
KINDS: Mapping[str, tuple[str, Collection[str]]] = {
    "objects": (r"/r2/buckets/[^/]+/objects", ()),
    "object": (r"/r2/buckets/[^/]+/objects/.+", ("objects",)),
    "versions": (r"/workers/scripts/[^/]+/versions", ()),
    "version": (r"/workers/scripts/[^/]+/versions/[^/]+", ("deployments", "versions")),
    "deployments": (r"/workers/scripts/[^/]+/deployments", ()),
    "secrets": (r"/workers/scripts/[^/]+/secrets", ()),
    "schedules": (r"/workers/scripts/[^/]+/schedules", ()),
    "subdomain": (r"/workers/subdomain", ()),
    "rows": (r"/timeseries/paginated", ("objects",)),  # of a day that is stored
    "query": (r"/timeseries/query", ("object",)),
    "health": (r"/health", ()),
    "status": (r"/status", ("trigger",)),
    "trigger": (r"/trigger", ("status",)),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request: whose, its kind, whether it is a further page, and which of its check's were answered by then."""

    check: str
    kind: str
    further: bool
    known: Collection[int]


class Recorder(httpx.BaseTransport):
    """The network, and every request in the order in which they began."""

    def __init__(self, network: httpx.BaseTransport) -> None:
        self.asked: list[Asked] = []
        self._answered: set[int] = set()
        self._lock, self._network = threading.Lock(), network

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Ask, and note the answer's coming; raises ValueError for a request of nobody, or of no known kind."""
        check, kind = _check(threading.current_thread().name), _kind(request.url.path)
        further = "cursor" in request.url.params or request.url.params.get("page", "1") != "1"
        with self._lock:
            number = len(self.asked)
            known = {other for other in self._answered if self.asked[other].check == check}
            self.asked.append(Asked(check=check, kind=kind, further=further, known=known))
        try:
            return self._network.handle_request(request)
        finally:
            with self._lock:
                self._answered.add(number)


def recorded(
    manifest: Path, environ: Mapping[str, str], network: httpx.BaseTransport | None = None
) -> tuple[int, Sequence[Asked]]:
    """Run the read-only checks in this process; return the exit code, and what they asked."""
    recorder = Recorder(httpx.HTTPTransport() if network is None else network)
    request = Request(stack=None, manifest=str(manifest), read_only=True, targets=(Target(format="json"),))
    code = execute(request, Surroundings(environ=environ, write=lambda _: None, transport=recorder))
    return code, recorder.asked


def longest(asked: Sequence[Asked]) -> list[str]:
    """Return the longest chain: each request, as "check kind", is made of the one before, or its check needs that one.

    What a check ``needs`` must be judged before; ``after`` is only an order, and makes no request depend on another.
    """
    catalogue, chains = catalog.load(), dict[str, list[str]]()

    def chain(name: str) -> list[str]:
        if name not in chains:
            before = _longest(chain(other) for other in catalogue[name].needs)
            chains[name] = [*before, *own(asked, name)]
        return chains[name]

    return _longest(chain(name) for name in {one.check: None for one in asked})


def own(asked: Sequence[Asked], check: str) -> list[str]:
    """Return the longest chain of one check's own requests."""
    chains: dict[int, list[str]] = {}
    for number, one in enumerate(asked):
        if one.check == check:
            made_of = {*KINDS[one.kind][1], *([one.kind] if one.further else ())}
            before = (chains[other] for other in one.known if asked[other].kind in made_of)
            chains[number] = [*_longest(before), f"{check} {one.kind}"]
    return _longest(chains.values())


def _longest(chains: Iterable[list[str]]) -> list[str]:
    return max(chains, key=len, default=[])


def _check(thread: str) -> str:
    found = _OF.fullmatch(thread)
    if found is None:
        raise ValueError(f"a request of no check, in the thread {thread}")
    return found[1]


def _kind(path: str) -> str:
    for kind, (pattern, _) in KINDS.items():
        if re.search(f"{pattern}$", path):
            return kind
    raise ValueError(f"a request of an unknown kind: add it to KINDS in tests/benchmarks/chain.py ({path})")
