"""The fake system: workers, Cloudflare's API, a bucket and ACE, connected, and the command that checks them."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx

from checks.model.deadline import Deadline
from checks.run.execute import execute
from checks.run.request import Request, Surroundings, Target
from tests.fakes import cloudflare, days, manifest
from tests.fakes.ace import Ace
from tests.fakes.answers import fresh
from tests.fakes.backfill_worker import LOG, BackfillWorker, log_of_failure
from tests.fakes.calendar import Calendar
from tests.fakes.clock import Clock
from tests.fakes.network import Network
from tests.fakes.related_workers import EtlWorker, QueryWorker
from tests.fakes.tail import Tail, trace

GRACE_SECONDS = 30.0  # of real time: a busy machine must not make a check late by the fake clock
Route = httpx.Response | Callable[[httpx.Request], httpx.Response]
COMMAND = re.compile(  # every hint is a command and nothing else
    r"(?!.*(, then|;))(pulumi|python -m (checks|backfill)|npx wrangler|curl|read|unset|env|sleep|date|\$\{EDITOR:-vi\}) [^`]+$"
)


class System:
    """A healthy system, until a fault or a test changes an attribute of its parts.

    ``routes`` holds answers that replace the fakes' own, by method and a part of the path. ``asked`` records the
    requests. ``now`` is the time at which the checks begin, by the clock of their machine.
    With ``date`` each answer has a ``Date`` header: that time and the seconds since the begin.
    """

    def __init__(
        self,
        declared: dict[str, Any],
        calendar: Calendar,
        rows: dict[str, list[days.Row]],
        *,
        key: str = manifest.KEY,
        network: Network | None = None,
        clock: Clock | None = None,
        tail: Tail | None = None,
    ) -> None:
        self.manifest, self.calendar, self.key = declared, calendar, key
        self.clock = Clock() if clock is None else clock
        self.network = Network(self.clock) if network is None else network
        self.now = calendar.begins
        self.date: datetime | None = None
        self.objects: dict[str, days.Stored] = {}
        self.cloudflare = cloudflare.Account()
        self.cloudflare.buckets[manifest.BUCKET] = self.objects
        self.script = cloudflare.Script(declared["bindings"], declared["schedules"], tail)
        self.cloudflare.scripts[manifest.NAME] = self.script
        self.ace = Ace(key, rows, lambda: calendar.begins + timedelta(seconds=self.clock()))
        self.worker = BackfillWorker(key, self.cloudflare, self.clock, calendar)
        self.worker.read = self.ace.read
        self.worker.sites = [site["name"] for site in declared["sites"]]
        self.query, self.etl = QueryWorker(self.objects), EtlWorker(key)
        self.query.sites = self.worker.sites
        self.routes: dict[tuple[str, str], Route] = {}
        self.asked: list[str] = []
        self._lock = threading.Lock()

    def write(
        self, day: str, samples: list[days.Line] | None = None, /, *, site: str = manifest.SITE, **changes: Any
    ) -> None:
        """Store a day of a site, of which ACE holds the same samples."""
        self.objects[days.key_of(day, site)] = days.stored(day, samples, **changes)
        self.ace.sites[site][day] = days.to_rows(days.lines(day) if samples is None else samples)

    # ---- requests

    def handle(self, request: httpx.Request) -> httpx.Response:
        """Answer one request to any of the systems, over the network."""
        return self.network.carry(request, self._handle)

    def reply(self, request: httpx.Request) -> httpx.Response:
        """Answer one request, by a route of a test or by the fake of that host."""
        path = request.url.path
        self.asked.append(f"{request.method} {path}")
        for (method, part), route in self.routes.items():
            if method == request.method and part in path:  # without the lock: a route may wait for another request
                return fresh(route(request) if callable(route) else route)
        with self._lock:
            return self._fake(request.url.host)(request)

    def _handle(self, request: httpx.Request) -> httpx.Response:
        reply = self.reply(request)
        is_worker = request.url.host == urlsplit(self.manifest["worker"]["url"]).hostname
        if is_worker and self.script.tail.is_open:
            lines = request.extensions.get(LOG)
            lines = _log_of_route(request.url.path, reply) if lines is None else lines
            self.script.tail.show(trace(request.method, str(request.url), lines))
        reply = fresh(reply) if reply.is_stream_consumed else reply
        if self.date is not None:
            now = self.date + timedelta(seconds=self.clock())
            reply.headers["Date"] = format_datetime(now, usegmt=True)
        return reply

    def _fake(self, host: str) -> Callable[[httpx.Request], httpx.Response]:
        if host == cloudflare.HOST:
            return self.cloudflare.answer
        if host == urlsplit(manifest.ACE).hostname:
            return self.ace.answer
        related = self.manifest["siblings"]
        for url, worker in ((related["query_url"], self.query), (related["etl_worker"], self.etl)):
            if url and urlsplit(url).hostname == host:
                return worker.answer
        return self.worker.answer

    # ---- the command

    @property
    def environ(self) -> dict[str, str]:
        """Return the environment of a run with all credentials."""
        return {"CLOUDFLARE_API_TOKEN": self.cloudflare.token, "ACE_API_KEY": self.key}

    def run(
        self,
        folder: Path,
        *names: str,
        environ: Mapping[str, str] | None = None,
        formats: Sequence[str] = ("text",),
        seconds: float = 60.0,
        warn: Callable[[str], None] = lambda _text: None,
        **options: Any,
    ) -> tuple[int, str]:
        """Run the command without click. Return exit code and standard output. The folder is written to."""
        file = folder / "manifest.json"
        file.write_text(json.dumps(self.manifest))
        self.clock.begin_run()
        written: list[str] = []
        targets = tuple(Target(format=name) for name in formats)
        request = Request(stack=None, manifest=str(file), names=names, seconds=seconds, targets=targets, **options)
        surroundings = Surroundings(
            environ=self.environ if environ is None else environ,
            write=written.append,
            transport=httpx.MockTransport(self.handle),
            connect=self.script.tail.connect,
            deadline=lambda given: Deadline.starting_now(
                given, clock=self.clock, sleep=self.clock.sleep, grace=GRACE_SECONDS
            ),
            now=self._now,
            watch=self.clock.watch,
            warn=warn,
        )
        return execute(request, surroundings), "".join(written)

    def report(self, folder: Path, *names: str, **options: Any) -> tuple[int, dict[str, Any]]:
        """Run the command. Return exit code, and each check of the JSON report by its id."""
        code, text = self.run(folder, *names, formats=("json",), **options)
        checks = {check["id"]: check for check in json.loads(text)["checks"]}
        for check in checks.values():
            for item in check["findings"]:
                assert COMMAND.match(item["hint"]), f"not a command to paste: {item['hint']}"
        return code, checks

    def _now(self) -> datetime:
        return self.now


def _log_of_route(path: str, reply: httpx.Response) -> list[dict[str, Any]]:
    """Return the lines that the worker would log of a batch with this answer, where a route gave it."""
    if path != "/trigger":
        return []
    if reply.status_code == 502:
        error = json.loads(reply.read())["error"]
        return log_of_failure(error["code"], error["message"])
    return [{"message": "[Backfill] Batch ended", "continuation": True}] if reply.status_code == 200 else []
