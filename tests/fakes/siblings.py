"""The made-up system's other workers: one that serves what is stored, and one that holds the same key."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from contract.operator_token import derive_operator_token
from tests.fakes import days, promises
from tests.fakes.road import response

Row = dict[str, Any]


class Query:
    """The query worker over a bucket; ``edit`` makes of its rows what it serves.

    ``cut``: it does not finish an answer. ``refusal`` is the status and code that it answers in place of rows.
    """

    def __init__(self, objects: Mapping[str, days.Stored]) -> None:
        self.objects = objects
        self.headers = {"X-Data-Source": "R2", "X-Query-Strategy": "R2_ONLY"}
        self.edit: Callable[[list[Row]], list[Row]] = lambda rows: rows
        self.cut = False
        self.refusal: tuple[int, str] | None = None

    def answer(self, request: httpx.Request) -> httpx.Response:
        """Answer one request."""
        if request.url.path != "/timeseries/query":
            return _error(404, "not_found")
        if self.refusal:
            return _error(*self.refusal)
        params = request.url.params
        if params["site_name"] != promises.SITE:
            return _error(400, "bad_parameter")
        try:
            rows = self.edit(self._asked(params))
        except (OSError, EOFError, ValueError):
            return _error(502, "storage")
        body = json.dumps({"samples": rows, "count": len(rows)}).encode()
        if self.cut:  # how our worker says that it cannot finish: without the closing brace
            body = body.partition(b"]")[0] + b'],"error":{"code":"storage","message":"made up"}'
        return response(200, body, self.headers)

    def _asked(self, params: Mapping[str, str]) -> list[Row]:
        names, start, end = params["point_names"].split(","), int(params["start_time"]), int(params["end_time"])
        of, last = (datetime.fromtimestamp(moment / 1000, UTC).date() for moment in (start, end - 1))
        found: list[Row] = []
        while of <= last:
            if day := self.objects.get(days.key(of.isoformat())):
                found += days.lines_of(day)
            of += timedelta(days=1)
        return [
            row
            for row in found
            if start <= row["timestamp"] < end and {row["point_name"], row["point_name"].rpartition("/")[2]} & {*names}
        ]


class Etl:
    """The ETL worker, of which only the operator's door is asked; ``open`` lets in anybody."""

    def __init__(self, key: str) -> None:
        self.key = key
        self.open = False
        self.is_another = False

    def answer(self, request: httpx.Request) -> httpx.Response:
        """Answer one request."""
        if self.is_another or request.url.path != "/status":
            return response(404, b"<html>Not Found</html>")
        if not self.open and request.headers.get("Authorization") != f"Bearer {derive_operator_token(self.key)}":
            return _error(401, "unauthorized")
        return response(200, b'{"status":"idle"}')


def _error(status: int, code: str) -> httpx.Response:
    return response(status, json.dumps({"status": "error", "error": {"code": code, "message": "made up"}}).encode())
