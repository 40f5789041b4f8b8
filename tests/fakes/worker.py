"""The made-up backfill worker: it copies whole days, oldest first, and says so in its answers and its log."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from typing import Any

import httpx

from contract.operator_token import derive_operator_token
from tests.fakes import days
from tests.fakes.calendar import Calendar
from tests.fakes.clock import Clock
from tests.fakes.cloudflare import Account
from tests.fakes.road import response

Body = dict[str, Any]
Edit = Callable[[str, int, Body], tuple[int, Body]]


class Worker:
    """The worker as it is live in an account; faults change its attributes, or ``edit`` what it says on a path.

    ``key`` is the one that it holds, ``accepted`` the one that ACE knows. ``rows`` is what it makes of ACE's rows of a
    day, ``claimed`` which days it calls complete, if not those that are stored.
    """

    def __init__(self, source: random.Random, key: str, account: Account, clock: Clock, calendar: Calendar) -> None:
        self.key = self.accepted = key
        self.account, self.calendar = account, calendar
        self.counters: Body = {"samples_fetched": 0, "samples_written": 0}
        self.claimed: list[str] | None = None
        self.healthy = True
        self.open = self.idle = False  # the trigger lets in anybody; the trigger writes nothing
        self.cancelled = 0  # so many of the next batches end before they did anything, as their client is gone
        self.stale_until = source.choice((0.0, 0.0, 12.0 * source.random()))
        self.rows: Callable[[list[days.Row]], list[days.Row]] = lambda rows: rows
        self.read: Callable[[str], list[days.Row] | None] = lambda _of: []  # ACE's rows of a day, None while it is out
        self.edit: Edit = lambda _path, status, body: (status, body)
        self._clock = clock
        self._random = random.Random(source.getrandbits(48))  # noqa: S311 - no secret depends on it
        self._log: list[Body] = []

    def answer(self, request: httpx.Request) -> httpx.Response:
        """Answer one request, and let the tail see it."""
        path, self._log = request.url.path, []
        if self.cancelled and path == "/trigger":
            self.cancelled -= 1
            self.account.tail.see(request.method, path, [], outcome="canceled")
            raise httpx.ReadError("the connection was reset", request=request)
        status, body = self.edit(path, *self._answer(path, request.headers.get("Authorization", "")))
        self.account.tail.see(request.method, path, self._log)
        return response(status, json.dumps(body).encode())

    def due(self) -> list[str]:
        """Return the days to copy, as the worker's clock has it now."""
        return self.calendar.due(self._clock())

    def _answer(self, path: str, authorization: str) -> tuple[int, Body]:
        if path == "/health":
            return self._health()
        if path not in ("/status", "/trigger"):
            return 404, _error("not_found")
        if not self.key:
            return 503, _error("not_configured")
        if not self.open and authorization != f"Bearer {derive_operator_token(self.key)}":
            return 401, _error("unauthorized")
        if path == "/trigger":
            return self._batch() if self.account.has_bucket else self._failed("storage")
        return (200, self._progress()) if self.account.has_bucket else (502, _error("storage"))

    def _health(self) -> tuple[int, Body]:
        served = self.account.older if self._clock() < self.stale_until else self.account.served()
        fine = self.healthy and self.key and "BUCKET" in self.account.bound
        body = {"service": "backfill-worker", "version": "1.0.0", "worker_version": served}
        return (200 if fine else 503), {"status": "healthy" if fine else "unhealthy", **body}

    def _batch(self) -> tuple[int, Body]:
        missing = [of for of in self.due() if days.key(of) not in self.account.objects]
        fetched = written = 0
        for of in [] if self.idle else missing[: self._random.randint(1, 3)]:
            sent = self.read(of) if self.key == self.accepted else None
            if sent is None:
                return self._failed("upstream_unavailable" if self.key == self.accepted else "upstream_auth")
            rows = self.rows(sent)
            self._log += [{"message": "[ACE API] Success", "rows": len(sent)}]
            self.account.objects[days.key(of)] = days.stored(of, rows)
            self._log += [{"message": "[Backfill] Data written to R2", "key": days.key(of), "samples": len(rows)}]
            fetched, written = fetched + len(sent), written + len(rows)
        counted = {"samples_fetched": fetched, "samples_written": written}
        self.counters = {name: None if value is None else counted[name] for name, value in self.counters.items()}
        self._log += [{"message": "[Backfill] Batch ended", "progress": self.counters}]
        return 200, self._progress()

    def _failed(self, code: str) -> tuple[int, Body]:
        told = {"code": code, "reason": "made up"}
        self._log += [{"message": "[ACE API] Failed", **told}] if code.startswith("upstream") else []
        self._log += [{"message": "[Backfill] Batch failed", **told}]
        return 502, _error(code)

    def _progress(self) -> Body:
        due = self.due()
        done = [of for of in due if days.key(of) in self.account.objects] if self.claimed is None else self.claimed
        left = [of for of in due if of not in done]
        counted = {"days_complete": len(done), "days_total": len(due), **self.counters}
        progress = {"current_date": (left or due)[0 if left else -1], **counted}
        return {"status": "in_progress" if left else "complete", "progress": progress, "continuation": bool(left)}


def _error(code: str) -> Body:
    return {"status": "error", "error": {"code": code, "message": "made up"}}
