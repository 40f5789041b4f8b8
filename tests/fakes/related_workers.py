"""The fake related workers: one serves the stored samples, the other one holds the same ACE key."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from contract.operator_token import derive_operator_token
from tests.fakes import days, manifest
from tests.fakes.answers import response, worker_error


class QueryWorker:
    """The query worker over the objects of a bucket. ``change`` is applied to each answer's body.

    ``cuts``: it does not finish an answer. ``refusal`` is the status and code that it answers instead of samples.
    ``questions`` records the parameters of each request.
    """

    def __init__(self, objects: Mapping[str, days.Stored]) -> None:
        self.objects, self.sites = objects, [manifest.SITE]
        self.headers = {"X-Data-Source": "R2", "X-Query-Strategy": "R2_ONLY"}
        self.headers["Access-Control-Expose-Headers"] = ", ".join(self.headers)
        self.change: Callable[[dict[str, Any]], Any] = lambda body: body
        self.cuts = False
        self.refusal: tuple[int, str] | None = None
        self.questions: list[dict[str, str]] = []

    def answer(self, request: httpx.Request) -> httpx.Response:
        """Answer one request."""
        if request.url.path != "/timeseries/query":
            return worker_error(404, "not_found")
        if self.refusal:
            return worker_error(*self.refusal)
        params = dict(request.url.params)
        self.questions.append(params)
        if params["site_name"] not in self.sites:
            return worker_error(400, "bad_parameter")
        try:
            found = self._select(params)
        except (OSError, EOFError, ValueError):
            return worker_error(502, "storage")
        matched = {name for line in found for name in (line["point_name"], line["point_name"].rpartition("/")[2])}
        unmatched = [name for name in params["point_names"].split(",") if name not in matched]
        body = json.dumps(self.change({"samples": found, "count": len(found), "unmatched": unmatched})).encode()
        if self.cuts:  # as our worker says that it cannot finish: without the closing brace
            body = body.partition(b"]")[0] + b'],"error":{"code":"storage","message":"made up"}'
        return response(200, body, self.headers)

    def _select(self, params: Mapping[str, str]) -> list[days.Line]:
        names, start, end = {*params["point_names"].split(",")}, int(params["start_time"]), int(params["end_time"])
        day, last = (datetime.fromtimestamp(moment / 1000, UTC).date() for moment in (start, end - 1))
        found: list[days.Line] = []
        while day <= last:
            if stored := self.objects.get(days.key_of(day.isoformat(), params["site_name"])):
                found += days.read_lines(stored)
            day += timedelta(days=1)
        return [
            line
            for line in found
            if start <= line["timestamp"] < end and {line["point_name"], line["point_name"].rpartition("/")[2]} & names
        ]


class EtlWorker:
    """The ETL worker, of which only GET /status is asked. ``is_open``: every operator token is accepted."""

    def __init__(self, key: str) -> None:
        self.key = key
        self.is_open = self.is_another = False

    def answer(self, request: httpx.Request) -> httpx.Response:
        """Answer one request."""
        if self.is_another or request.url.path != "/status":
            return response(404, b"<html>Not Found</html>")
        is_operator = request.headers.get("Authorization") == f"Bearer {derive_operator_token(self.key)}"
        if not self.is_open and not is_operator:
            return worker_error(401, "unauthorized")
        return response(200, b'{"status":"idle"}')
