"""What the other workers do wrongly: the one that serves what is stored, and the one that holds the same key."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from tests.fakes.siblings import Row
from tests.fakes.system import System
from tests.soak.fault import Fault, assign, fault


def _query(*causes: str, **attributes: Any) -> Fault:
    def apply(system: System) -> None:
        system.declare(query=True)
        assign("query", **attributes)(system)

    return fault(apply, *causes)


def _etl(*causes: str, **attributes: Any) -> Fault:
    def apply(system: System) -> None:
        system.declare(etl=True)
        assign("etl", **attributes)(system)

    return fault(apply, *causes)


def _headers(source: str | None, strategy: str | None) -> dict[str, str]:
    named = {"X-Data-Source": source, "X-Query-Strategy": strategy}
    return {name: value for name, value in named.items() if value is not None}


def _every(change: Callable[[Row], Row]) -> Callable[[list[Row]], list[Row]]:
    return lambda rows: [change(row) for row in rows]


FAULTS: Mapping[str, Fault] = {
    "the query worker serves another source": _query("worker", headers=_headers("D1", "R2_ONLY")),
    "the query worker says no strategy": _query("worker", headers=_headers("R2", None)),
    "the query worker leaves a row out": _query("worker", edit=lambda rows: rows[:-1]),
    "the query worker serves a row twice": _query("worker", edit=lambda rows: [*rows, rows[0]]),
    "the query worker serves nothing": _query("worker", edit=lambda _rows: []),
    "the query worker serves other values": _query("worker", edit=_every(lambda row: row | {"value": 1e9})),
    "the query worker serves texts": _query("worker", edit=_every(lambda row: row | {"value": str(row["value"])})),
    "the query worker shifts times": _query(
        "worker", edit=_every(lambda row: row | {"timestamp": row["timestamp"] + 1})
    ),
    "the query worker gives up": _query("storage", cut=True),
    "the query worker cannot read": _query("storage", refusal=(502, "storage")),
    "the query worker has no bucket": _query("configuration", refusal=(503, "not_configured")),
    "the query worker is of another site": _query("configuration", refusal=(400, "bad_parameter")),
    "queryUrl leads elsewhere": _query("configuration", refusal=(404, "not_found")),
    "the ETL worker holds another key": _etl("configuration", key="fake-key-never-rotated"),
    "the ETL worker lets in anybody": _etl("worker", open=True),
    "etlWorker leads elsewhere": _etl("configuration", is_another=True),
}
