"""The made-up system: a worker, Cloudflare's API, a bucket and ACE, healthy until a fault says otherwise."""

from __future__ import annotations

import json
import random
import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import httpx

import ace_key
from bench.fake import cloudflare, days, promises
from bench.fake.clock import Clock

API_TOKEN = "fake-cloudflare-token-for-soaks-0001"  # noqa: S105 - a fake
Body = dict[str, Any]


class System:
    """One random healthy system; a fault changes its attributes, or wraps ``answers``, which it gives by path.

    Requests take a random time on its clock; few are reset, and fewer answered by a proxy.
    """

    def __init__(self, seed: int) -> None:
        source = random.Random(seed)  # noqa: S311 - no secret depends on it
        self.seed, self.random, self.clock = seed, source, Clock()
        self.total = source.randint(1, 9)
        self.key = self.declared_key = f"fake-ace-key-{source.getrandbits(64):016x}"
        self.days = {of: days.samples(seed, of) for of in map(days.day, range(self.total))}
        self.objects = {promises.key(of): days.stored(of, self.days[of]) for of in list(self.days)[: self._begun()]}
        self.manifest = promises.manifest(days.day(0), days.day(self.total - 1))
        self.claimed: set[str] | None = None  # what the worker calls complete, if that is not what is stored
        self.cloudflare = cloudflare.Account(source, self.manifest, self.objects)
        self.stale_until = source.choice((0.0, 0.0, 12.0 * source.random()))
        self.counters: Body = {"samples_fetched": 0, "samples_written": 0}
        self.healthy = True
        self.open = self.idle = False  # the trigger lets in anybody; the trigger writes nothing
        self.ace_down = False
        self.rows: Callable[[list[Body]], list[Body]] = lambda rows: rows  # what the worker makes of ACE's rows
        self.edit: Callable[[str, int, Body], tuple[int, Body]] = lambda _path, status, body: (status, body)
        self._slowness = source.choice((0.01, 0.1, 0.4))
        self._resets = source.choice((0.0, 0.0, 0.02))
        self._lock = threading.Lock()

    def _begun(self) -> int:
        return self.random.randint(0, self.total)

    def handle(self, request: httpx.Request) -> httpx.Response:
        """Answer one request."""
        with self._lock:  # one after the other, so that a seed tells one story
            self.clock.sleep(self.random.uniform(0, self._slowness))
            luck = self.random.random()
            if luck < self._resets:
                raise httpx.ReadError("the connection was reset", request=request)
            if luck < 1.5 * self._resets:
                return _answer(502, b"<html>an error of the proxy</html>")
            return self._reply(request)

    def _reply(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        if request.url.host == "api.cloudflare.com":
            allowed = request.headers.get("Authorization") == f"Bearer {API_TOKEN}"
            answer = self.cloudflare.answer(path, request.url.params) if allowed else cloudflare.refusal(403, 10000)
        elif promises.ACE.endswith(request.url.host):
            answer = self._ace(request)
        else:
            status, body = self.edit(path, *self._worker(path, request.headers.get("Authorization", "")))
            answer = status, json.dumps(body).encode()
        return _answer(*answer)

    def _worker(self, path: str, authorization: str) -> tuple[int, Body]:
        if path == "/health":
            served = self.cloudflare.older if self.clock() < self.stale_until else self.cloudflare.served()
            fine = self.healthy and self.key and "BUCKET" in self.cloudflare.bound
            body = {"service": "backfill-worker", "version": "1.0.0", "worker_version": served}
            return (200 if fine else 503), {"status": "healthy" if fine else "unhealthy", **body}
        if not self.key:
            return 503, _error("not_configured")
        if not self.open and authorization != f"Bearer {ace_key.operator_token(self.key)}":
            return 401, _error("unauthorized")
        return self._batch() if path == "/trigger" else (200, self._progress())

    def _batch(self) -> tuple[int, Body]:
        missing = [of for of in self.days if promises.key(of) not in self.objects]
        if missing and (self.ace_down or self.key != self.declared_key):
            return 502, _error("upstream_unavailable" if self.ace_down else "upstream_auth")
        fetched = 0
        for of in [] if self.idle else missing[: self.random.randint(1, 3)]:
            rows = self.rows(self.days[of])
            self.objects[promises.key(of)] = days.stored(of, rows)
            fetched += len(rows)
        self.counters = {name: None if value is None else fetched for name, value in self.counters.items()}
        return 200, self._progress()

    def _progress(self) -> Body:
        done = {of for of in self.days if promises.key(of) in self.objects} if self.claimed is None else self.claimed
        left = [of for of in self.days if of not in done]
        counted = {"days_complete": len(done), "days_total": self.total, **self.counters}
        progress = {"current_date": left[0] if left else list(self.days)[-1], **counted}
        return {"status": "in_progress" if left else "complete", "progress": progress, "continuation": bool(left)}

    def _ace(self, request: httpx.Request) -> tuple[int, bytes]:
        if self.ace_down:
            return 503, b"<html>Service Temporarily Unavailable</html>"
        if request.headers.get("Authorization") != f"Bearer {self.declared_key}":
            return 500, b'{"message":"An unhandled exception occurred."}'
        params = request.url.params
        start, end = (params[name].removesuffix("Z").replace("+00:00", "") for name in ("start_time", "end_time"))
        rows = [row for of in self.days for row in self.days[of] if start <= row["time"] < end]
        return 200, json.dumps({"point_samples": rows, "next_cursor": None, "has_more": False}).encode()

    def spoil(self, **changes: Any) -> None:
        """Store a day, if none is, and change the first day's object: one that is always looked into."""
        place = promises.key(days.day(0))
        good = self.objects.get(place) or days.stored(days.day(0), self.days[days.day(0)])
        self.objects[place] = replace(good, **{name: change(good) for name, change in changes.items()})


def _error(code: str) -> Body:
    return {"status": "error", "error": {"code": code, "message": "made up"}}


def _answer(status: int, body: bytes) -> httpx.Response:
    return httpx.Response(status, stream=httpx.ByteStream(body))
