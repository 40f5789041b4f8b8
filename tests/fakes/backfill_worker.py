"""The fake backfill worker: it copies whole days, oldest first, and reports them in its answers and its log."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx

from contract.operator_token import derive_operator_token
from tests.fakes import control_objects, days, manifest, operator_routes, run_log
from tests.fakes.answers import response
from tests.fakes.calendar import Calendar
from tests.fakes.clock import Clock
from tests.fakes.cloudflare import Account, Script
from tests.fakes.tail import trace

Body = dict[str, Any]
Reply = tuple[int, Body]  # status and body
MAX_FAILURES = 3  # days of a site that a batch tries
MESSAGES = {
    "not_found": "no such route",
    "not_configured": "lacks a binding",
    "unauthorized": "needs the token",
    "storage": "no bucket is bound",
}
LOG = "worker_log"  # the extension of a request that holds the lines which the worker logged of it


class BackfillWorker:
    """The worker that is live as a script of an account. A fault changes its attributes, or ``edit`` its answers.

    ``key`` is the ACE key that it holds, ``accepted`` the one that ACE knows. ``change`` is applied to the rows of a
    day before they are stored. ``claimed`` are the days of the first site that it reports as complete, if not the
    stored ones. ``ranges`` has the first and the last day of the sites that are not copied as long as the first one.
    ``stopped`` are sites that it never copies. ``refused`` has the code of each site of which every day fails.
    """

    def __init__(self, key: str, account: Account, clock: Clock, calendar: Calendar) -> None:
        self.key = self.accepted = key
        self.account, self.calendar = account, calendar
        self.counters: Body = {"samples_fetched": 0, "samples_written": 0}
        self.sites = [manifest.SITE]
        self.ranges: dict[str, tuple[str, str]] = {}
        self.stopped: set[str] = set()
        self.refused: dict[str, str] = {}
        self.claimed: list[str] | None = None
        self.is_healthy = True
        self.is_open = self.is_idle = False  # every operator token is accepted. The trigger writes nothing
        self.is_trigger_open = False  # POST /trigger accepts every operator token
        self.cancelled = 0  # so many of the next batches end before their first page, as their client is gone
        self.stale_until = 0.0  # the edge serves `older` until this time
        self.older: dict[str, str] = {}
        self.batch_size: Callable[[], int] = lambda: 1  # days
        self.change: Callable[[list[days.Row]], list[days.Row]] = lambda rows: rows
        self.read: Callable[[str, str], list[days.Row] | None] = lambda _day, _site: []  # ACE's rows, None in an outage
        self.edit: Callable[[str, int, Body], Reply] = lambda _path, status, body: (status, body)
        self._clock = clock
        self.operated = operator_routes.OperatorRoutes(
            lambda: self.objects, lambda day, site: self.read(day, site), lambda: calendar.moment(clock())
        )
        self._log: list[Body] = []

    @property
    def script(self) -> Script:
        """Return the script that the worker is."""
        return self.account.scripts[manifest.NAME]

    @property
    def objects(self) -> dict[str, days.Stored]:
        """Return the objects of the worker's bucket."""
        return self.account.buckets[manifest.BUCKET]

    def answer(self, request: httpx.Request) -> httpx.Response:
        """Answer one request. The lines that it logs are an extension of the request."""
        path, self._log = request.url.path, []
        if self.cancelled and path == "/trigger":
            self.cancelled -= 1
            self.script.tail.show(trace(request.method, f"{manifest.URL}{path}", outcome="canceled"))
            raise httpx.ReadError("the connection was reset", request=request)
        status, body = self.edit(path, *self._answer(path, request))
        request.extensions[LOG] = self._log
        return response(status, json.dumps(body).encode())

    def due(self, site: str = manifest.SITE) -> list[str]:
        """Return the days to copy of a site, by the worker's clock."""
        first, last = self.ranges.get(site, ("", "9999"))
        return [day for day in self.calendar.due(self._clock()) if first <= day <= last]

    def list_due(self) -> list[days.Place]:
        """Return the days to copy of all sites, by the worker's clock."""
        return [(site, day) for site in self.sites for day in self.due(site)]

    def health(self) -> Reply:
        """Return the answer of GET /health."""
        served = self.older if self._clock() < self.stale_until else self.script.served()
        is_healthy = self.is_healthy and self.key and "BUCKET" in self.script.bound
        body = {"service": "backfill-worker", "version": "1.0.0", "worker_version": served}
        return (200 if is_healthy else 503), {"status": "healthy" if is_healthy else "unhealthy", **body}

    def status(self) -> Reply:
        """Return the answer of GET /status behind its authentication."""
        if not self._has_bucket():
            return 502, _error("storage")
        return 200, self._progress_body() | self.last_runs() | {
            "sites": [self._describe_site(site) for site in self.sites],
            "paused": None,
        }

    def trigger(self) -> Reply:
        """Copy a batch, and return the answer of POST /trigger behind its authentication. Write it to the run log."""
        started, before = self.calendar.moment(self._clock()), set(self.objects) if self._has_bucket() else set()
        status, body = self._copy_batch()
        if self._has_bucket():
            stored = len(self.objects.keys() - before)
            due = self.list_due()
            done = set(self._done(due))
            left = [day for day in due if day not in done]
            entry: Body = {
                "trigger": "http",
                "planned": len(left) + stored,
                "stored": stored,
                "error": body.get("error"),
            }
            entry |= {"samples_written": self.counters["samples_written"] if status == 200 else 0}
            entry["worker_version"] = self.script.served()["id"]
            runs = run_log.read_runs(self.objects)
            run_log.write_runs(self.objects, [run_log.make_run(started, **entry), *runs])
        return status, body

    def _copy_batch(self) -> Reply:
        if not self._has_bucket():
            return self._fail("storage")
        now = self.calendar.moment(self._clock())
        missing = [(site, day) for site, day in self.list_due() if days.key_of(day, site) not in self.objects]
        busy = [place for place in missing if control_objects.is_leased(self.objects, *place, now)]
        waiting = [
            place for place in missing if place[0] in self.refused and control_objects.has_failed(self.objects, *place)
        ]
        tried = [place for place in missing if place not in busy and place not in waiting]
        size, stored, fetched, written, failed = self.batch_size(), 0, 0, 0, list[Body]()
        for site, day in [] if self.is_idle else tried:
            if site in self.stopped or stored == size or sum(item["site"] == site for item in failed) == MAX_FAILURES:
                continue
            if code := self.refused.get(site):
                failed += self._fail_day(site, day, code)
                continue
            rows = self.read(day, site) if self.key == self.accepted else None
            if rows is None:
                return self._fail("upstream_unavailable" if self.key == self.accepted else "upstream_auth")
            kept = self.change(rows)
            self._log += [{"message": "[ACE API] Success", "rows": len(rows)}]
            lines, version = [days.to_line(row) for row in kept], self.script.served()["id"]
            self.objects[days.key_of(day, site)] = days.stored(day, lines, uploaded=now, worker_version=version)
            key = days.key_of(day, site)
            self._log += [{"message": "[Backfill] Data written to R2", "key": key, "samples": len(kept)}]
            stored, fetched, written = stored + 1, fetched + len(rows), written + len(kept)
        counted = {"samples_fetched": fetched, "samples_written": written}
        self.counters = {name: None if value is None else counted[name] for name, value in self.counters.items()}
        left_out = {"failed": failed, "waiting": len(waiting), "busy": len(busy)}
        if failed and not stored:
            code = failed[0]["code"]
            self._log += log_of_failure(code, "made up", at_ace=False)
            return 502, self._progress_body() | left_out | _error(code)
        self._log += [{"message": "[Backfill] Batch ended", "progress": self.counters}]
        return 200, self._progress_body() | left_out

    def _fail_day(self, site: str, day: str, code: str) -> list[Body]:
        """Record that a day failed, and return its entry in the answer."""
        at = self.calendar.moment(self._clock())
        operator_routes.write_failure(self.objects, day, at=at, site=site, code=code)
        self._log += [{"message": "[ACE API] Failed", "code": code, "reason": "made up"}]
        self._log += [{"message": "[Backfill] Day failed", "site": site, "date": day, "code": code}]
        return [{"site": site, "day": day, "code": code, "message": "made up"}]

    def progress(self, **changes: Any) -> Body:
        """Return the progress that the worker reports, with changes."""
        due = self.list_due()
        done = set(self._done(due))
        left = [day for day in due if day not in done]
        counted = {"days_complete": len(done), "days_total": len(due), **self.counters}
        site, day = (left or due)[0 if left else -1]
        return {"current_site": site, "current_date": day, **counted, **changes}

    def _answer(self, path: str, request: httpx.Request) -> Reply:
        authorization = request.headers.get("Authorization", "")
        if path == "/health":
            return self.health()
        if path not in ("/status", "/trigger", *operator_routes.ROUTES):
            return 404, _error("not_found")
        if not self.key:
            return 503, _error("not_configured")
        is_open = self.is_open or (self.is_trigger_open and path == "/trigger")
        if not is_open and not self._is_operator(authorization):
            return 401, _error("unauthorized")
        if self.operated.handles(request):
            return self.operated.answer(request)
        return self.trigger() if path == "/trigger" else self.status()

    def guard(self, reply: httpx.Response) -> Callable[[httpx.Request], httpx.Response]:
        """Return a route that gives this answer to the operator only, as a worker does that fails after its 401."""
        return lambda request: (
            reply if self._is_operator(request.headers.get("Authorization", "")) else self.answer(request)
        )

    def _is_operator(self, authorization: str) -> bool:
        return authorization == f"Bearer {derive_operator_token(self.key)}"

    def _has_bucket(self) -> bool:
        return manifest.BUCKET in self.account.buckets

    def _done(self, due: list[days.Place]) -> list[days.Place]:
        claimed = [] if self.claimed is None else [(self.sites[0], day) for day in self.claimed]
        others = [place for place in due if self.claimed is None or place[0] != self.sites[0]]
        return claimed + [(site, day) for site, day in others if days.key_of(day, site) in self.objects]

    def _progress_body(self) -> Body:
        due = self.list_due()
        is_left = bool(set(due) - set(self._done(due)))
        status = "in_progress" if is_left else "complete"
        return {"status": status, "progress": self.progress(), "continuation": is_left}

    def _describe_site(self, site: str) -> Body:
        due = self.due(site)
        done = sorted(day for name, day in self._done([(site, day) for day in due]) if name == site)
        left = sorted(set(due) - set(done))
        counted = {"due": len(due), "stored": len(done), "empty": 0, "missing": len(left), "failed": 0}
        newest = done[-1] if done else None
        return {"name": site, **counted, "oldest_missing": left[0] if left else None, "newest_stored": newest}

    def last_runs(self) -> Body:
        """Return the fields of GET /status that come from the run log."""
        runs = run_log.read_runs(self.objects)
        failed = next((run for run in runs if run["error"]), None)
        error = None if failed is None else {**failed["error"], "at": failed["ended_at"] or failed["started_at"]}
        return {"last_run": runs[0] if runs else None, "last_error": error}

    def _fail(self, code: str) -> Reply:
        self._log += log_of_failure(code, "made up", at_ace=code.startswith("upstream"))
        return 502, _error(code)


def log_of_failure(code: str, reason: str, *, at_ace: bool = True) -> list[Body]:
    """Return the lines that the worker logs of a batch that failed."""
    failed = {"code": code, "reason": reason}
    first = [{"message": "[ACE API] Failed", **failed}] if at_ace else []
    return [*first, {"message": "[Backfill] Batch failed", **failed}]


def _error(code: str) -> Body:
    return {"status": "error", "error": {"code": code, "message": MESSAGES.get(code, "made up")}}
