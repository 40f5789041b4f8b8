"""The routes of the fake worker for operators: one day by /trigger, /replace, /pause and /resume."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

import httpx

from contract.control_objects import PAUSE_KEY, PLAN_KEY, failure_key
from contract.schedule import parse_day
from tests.fakes import days, manifest

Body = dict[str, Any]
Reply = tuple[int, Body]
ROUTES = ("/replace", "/pause", "/resume")


def write_failure(
    objects: dict[str, days.Stored],
    day: str,
    *,
    at: datetime,
    site: str = manifest.SITE,
    code: str = "upstream_contract",
    attempts: int = 1,
) -> None:
    """Store the failure of a day as the worker does: its fields are metadata too."""
    moment = at.isoformat().replace("+00:00", "Z")
    fields = {"code": code, "attempts": str(attempts), "first_at": moment, "last_at": moment}
    body = json.dumps({**fields, "attempts": attempts, "message": "made up", "worker_version": "v1"}).encode()
    parsed = parse_day(day)
    assert parsed is not None
    objects[failure_key(site, parsed)] = days.Stored(body=body, custom=fields, uploaded=at)


class OperatorRoutes:
    """The routes, on the objects of a bucket. ``read`` returns ACE's rows of a day and a site, None in an outage.

    A test changes ``failing`` (day -> code), ``busy`` (days that another run copies) and ``slow`` (days that do not fit
    one request).
    """

    def __init__(
        self,
        objects: Callable[[], dict[str, days.Stored]],
        read: Callable[[str, str], list[days.Row] | None],
        now: Callable[[], datetime],
    ) -> None:
        self.failing: dict[str, str] = {}
        self.busy: set[str] = set()
        self.slow: set[str] = set()
        self._objects, self._read, self._now = objects, read, now

    def handles(self, request: httpx.Request) -> bool:
        """Return whether a request is for one of these routes."""
        path = request.url.path
        return path in ROUTES or (path == "/trigger" and "day" in request.url.params)

    def answer(self, request: httpx.Request) -> Reply:
        """Answer a request of an operator."""
        if request.method != "POST":
            return 405, _error("method_not_allowed")
        params = dict(request.url.params)
        if request.url.path == "/pause":
            return self._pause(json.loads(request.read()))
        if request.url.path == "/resume":
            self._objects().pop(PAUSE_KEY, None)
            self._objects().pop(PLAN_KEY, None)
            return 200, {"status": "running", "paused": None}
        return self._copy(params) if request.url.path == "/trigger" else self._replace(params)

    def _pause(self, body: Mapping[str, str]) -> Reply:
        objects = self._objects()
        if PAUSE_KEY not in objects:
            at = self._now().isoformat().replace("+00:00", "Z")
            objects[PAUSE_KEY] = days.Stored(body=json.dumps({**body, "at": at}).encode(), custom={})
        return 200, {"status": "paused", "paused": json.loads(objects[PAUSE_KEY].body)}

    def _copy(self, params: Mapping[str, str]) -> Reply:
        site, day, objects = params["site"], params["day"], self._objects()
        about: Body = {"progress": {}, "continuation": True, "failed": [], "waiting": 0, "busy": int(day in self.busy)}
        key, parsed = days.key_of(day, site), parse_day(day)
        assert parsed is not None
        if key in objects or day in self.busy:
            return 200, {"status": "in_progress", **about}
        if day in self.slow:
            return 200, {"status": "in_progress", **about, "unfinished": day}
        rows, code = self._read(day, site), self.failing.get(day)
        if rows is None or code:
            name = code if code else "upstream_unavailable"
            if name in ("upstream_contract", "upstream_rejected", "storage"):
                write_failure(objects, day, at=self._now(), site=site, code=name)
                about["failed"] = [{"site": site, "day": day, "code": name, "message": "made up"}]
            return 502, {**_error(name), **about}
        objects[key] = days.stored(day, [days.to_line(row) for row in rows], uploaded=self._now())
        objects.pop(failure_key(site, parsed), None)
        return 200, {"status": "in_progress", **about}

    def _replace(self, params: Mapping[str, str]) -> Reply:
        site, day, objects = params["site"], params["day"], self._objects()
        stored = objects.get(days.key_of(day, site))
        if stored is None:
            return 404, _error("not_stored")
        if day in self.busy:
            return 409, _error("busy")
        old = days.read_lines(stored)
        rows = None if day in self.failing else self._read(day, site)
        if params.get("source") == "stored":
            new = old
        elif rows is None:
            return 502, _error(self.failing.get(day, "upstream_unavailable"))
        else:
            new = [days.to_line(row) for row in rows]
        merged, counts = merge(old, new)
        is_changed = merged != old or "format" not in stored.custom
        revision = int(stored.custom.get("revision", "1")) + (1 if is_changed else 0)
        if params.get("dry_run") != "true" and is_changed:
            at = self._now() + timedelta(seconds=1)
            objects[days.key_of(day, site)] = days.stored_in_members(day, merged, uploaded=at, revision=str(revision))
        status = "revised" if is_changed else "unchanged"
        return 200, {"status": status, "site": site, "day": day, "revision": revision, "rows": counts}


def merge(old: list[days.Line], new: list[days.Line]) -> tuple[list[days.Line], dict[str, int]]:
    """Return the rows after a replacement, and the counts of the answer. No row that only R2 has is lost."""

    def place(line: days.Line) -> tuple[str, int]:
        return line["point_name"], line["timestamp"]

    mine, theirs = (Counter(map(place, lines)) for lines in (old, new))
    kept = [line for line in old if theirs[place(line)] < mine[place(line)]]
    merged = sorted([*new, *kept], key=lambda line: line["timestamp"])
    added = sum((theirs - mine).values())
    changed = sum(line not in old and place(line) in mine for line in new)
    counts = {"before": len(old), "after": len(merged), "added": added, "changed": changed, "kept": len(kept)}
    return merged, counts


def _error(code: str) -> Body:
    return {"status": "error", "error": {"code": code, "message": "made up"}}
