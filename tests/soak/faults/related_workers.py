"""Faults of the related workers: the query worker over the stored days, and the ETL worker with the same key."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from tests.fakes.days import Line
from tests.fakes.random_system import RandomSystem
from tests.soak.fault import Fault, assign, fault


def _query(*causes: str, **attributes: Any) -> Fault:
    def apply(system: RandomSystem) -> None:
        system.declare(query=True)
        assign("query", **attributes)(system)

    return fault(apply, *causes)


def _etl(*causes: str, **attributes: Any) -> Fault:
    def apply(system: RandomSystem) -> None:
        system.declare(etl=True)
        assign("etl", **attributes)(system)

    return fault(apply, *causes)


def _headers(source: str | None, strategy: str | None) -> dict[str, str]:
    named = {"X-Data-Source": source, "X-Query-Strategy": strategy}
    return {name: value for name, value in named.items() if value is not None}


def _all(change: Callable[[list[Line]], list[Line]]) -> Callable[[dict[str, Any]], dict[str, Any]]:
    def apply(body: dict[str, Any]) -> dict[str, Any]:
        lines = change(body["samples"])
        return {"samples": lines, "count": len(lines)}

    return apply


def _every(change: Callable[[Line], Line]) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return _all(lambda lines: [change(line) for line in lines])


FAULTS: Mapping[str, Fault] = {
    "the query worker serves another source": _query("worker", headers=_headers("D1", "R2_ONLY")),
    "the query worker names no strategy": _query("worker", headers=_headers("R2", None)),
    "the query worker leaves a row out": _query("worker", change=_all(lambda lines: lines[:-1])),
    "the query worker serves a row twice": _query("worker", change=_all(lambda lines: [*lines, lines[0]])),
    "the query worker serves nothing": _query("worker", change=_all(lambda _lines: [])),
    "the query worker serves other values": _query("worker", change=_every(lambda line: line | {"value": 1e9})),
    "the query worker serves texts": _query("worker", change=_every(lambda line: line | {"value": str(line["value"])})),
    "the query worker shifts times": _query(
        "worker", change=_every(lambda line: line | {"timestamp": line["timestamp"] + 1})
    ),
    "the query worker does not finish": _query("storage", cuts=True),
    "the query worker cannot read": _query("storage", refusal=(502, "storage")),
    "the query worker has no bucket": _query("configuration", refusal=(503, "not_configured")),
    "the query worker is of another site": _query("configuration", refusal=(400, "bad_parameter")),
    "queryUrl leads elsewhere": _query("configuration", refusal=(404, "not_found")),
    "the ETL worker holds another key": _etl("configuration", key="fake-key-never-rotated"),
    "the ETL worker accepts every operator token": _etl("worker", is_open=True),
    "etlWorker leads elsewhere": _etl("configuration", is_another=True),
}
