"""The made-up system: workers, Cloudflare's API, a bucket and ACE, healthy until a fault says otherwise."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import httpx

from tests.fakes import cloudflare, days, manifest
from tests.fakes.calendar import Calendar
from tests.fakes.clock import Clock
from tests.fakes.road import Road, response
from tests.fakes.siblings import Etl, Query
from tests.fakes.worker import Worker

API_TOKEN = "fake-cloudflare-token-for-soaks-0001"
API = "api.cloudflare.com"


class System:
    """One random healthy system, made by a seed; a fault changes its parts' attributes.

    Siblings are there or not. Requests take a random time on its clock; few are reset, and fewer answered by a proxy.
    ``at_noon`` makes it one whose days have no declared end, looked at at noon.
    """

    def __init__(self, seed: int, *, at_noon: bool = False) -> None:
        source = random.Random(seed)  # noqa: S311 - no secret depends on it
        self.seed, self.random, self.clock = seed, source, Clock()
        drawn = Calendar.drawn(source)
        self.calendar = drawn.at_noon() if at_noon else drawn
        due = self.calendar.due(0.0)
        begun = due[: source.randint(0, len(due))]
        self.key = f"fake-ace-key-{source.getrandbits(64):016x}"
        self.days = {of: days.samples(seed, of) for of in (*due, *(days.day(len(due) + more) for more in range(2)))}
        self.objects = {days.key(of): days.stored(of, self.days[of]) for of in begun}
        last = None if self.calendar.end is None else days.day(self.calendar.end)
        self.manifest = manifest.manifest_data(first=days.day(0), last=last)
        self.cloudflare = cloudflare.Account(source, self.manifest, self.objects)
        self.worker = Worker(source, self.key, self.cloudflare, self.clock, self.calendar)
        self.worker.read = self.measured
        self.query, self.etl = Query(self.objects), Etl(self.key)
        self.ace_down = False
        self.ahead = timedelta()  # of the true time is the clock where the checks run
        self.road = Road(seed, source, self.clock)
        self.declare(query=source.random() < 0.5, etl=source.random() < 0.5)

    def declare(self, *, query: bool = False, etl: bool = False) -> None:
        """Declare siblings; those that are stay."""
        siblings = self.manifest["siblings"]
        siblings["query_url"] = manifest.QUERY if query else siblings["query_url"]
        siblings["etl_worker"] = manifest.ETL if etl else siblings["etl_worker"]

    def handle(self, request: httpx.Request) -> httpx.Response:
        """Answer one request, whatever system it is to."""
        return self.road.travel(request, self._reply)

    def _reply(self, request: httpx.Request) -> httpx.Response:
        host = request.url.host
        if host == API:
            allowed = request.headers.get("Authorization") == f"Bearer {API_TOKEN}"
            known = self.cloudflare.answer(request.url.path, request.url.params)
            return response(*(known if allowed else cloudflare.refusal(403, 10000)))
        if host == urlsplit(manifest.QUERY).hostname:
            return self.query.answer(request)
        if host == urlsplit(manifest.ETL).hostname:
            return self.etl.answer(request)
        return response(*self._ace(request)) if manifest.ACE.endswith(host) else self.worker.answer(request)

    def _ace(self, request: httpx.Request) -> tuple[int, bytes]:
        if self.ace_down:
            return 503, b"<html>Service Temporarily Unavailable</html>"
        if request.headers.get("Authorization") != f"Bearer {self.key}":
            return 500, b'{"message":"An unhandled exception occurred."}'
        params = request.url.params
        start, end = (params[name].removesuffix("Z") for name in ("start_time", "end_time"))
        rows = [row for of in self.days for row in self.measured(of) or () if start <= row["time"] < end]
        return 200, json.dumps({"point_samples": rows, "next_cursor": None, "has_more": False}).encode()

    def measured(self, of: str) -> list[days.Row] | None:
        """Return what ACE holds of a day so far, None while it is out."""
        now = f"{self.calendar.begins + timedelta(seconds=self.clock()):%Y-%m-%dT%H:%M:%S}"
        return None if self.ace_down else [row for row in self.days.get(of, ()) if row["time"] <= now]

    def lack(self) -> None:
        """Let a day be missing, so that a batch has something to do: the first, which has samples."""
        self.objects.pop(days.key(days.day(0)), None)

    def store(self, rows: list[days.Row] | None = None) -> None:
        """Store the first day, one that is always looked into, if it is not; or store other rows as that day."""
        place, of = days.key(days.day(0)), days.day(0)
        if rows is not None or place not in self.objects:
            self.objects[place] = days.stored(of, self.days[of] if rows is None else rows)

    def copy_all(self, change: Callable[[list[days.Row]], list[days.Row]]) -> None:
        """Store every day that is over, with other rows than ACE's."""
        for of in self.worker.due():
            self.objects[days.key(of)] = days.stored(of, change(self.days[of]))

    def spoil(self, **changes: Any) -> None:
        """Change the first day's object."""
        self.store()
        place = days.key(days.day(0))
        good = self.objects[place]
        self.objects[place] = replace(good, **{name: change(good) for name, change in changes.items()})
