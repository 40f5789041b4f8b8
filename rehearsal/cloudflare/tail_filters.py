"""Which invocations a tail wants: the filters that `wrangler tail` can send."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from typing import Any

from rehearsal.cloudflare.envelope import ApiError

Item = dict[str, Any]
Filter = Callable[[Item], bool]


def parse(asked: Any) -> tuple[Filter, ...]:
    """Return the filters asked for; raises ApiError for one that is not known."""
    given = asked if isinstance(asked, list) else []
    return tuple(_filter(name, value) for item in given for name, value in item.items())


def _filter(name: str, value: Any) -> Filter:
    if name == "outcome":
        return lambda item: item.get("outcome") in value
    if name == "method":
        return lambda item: _request(item).get("method") in value
    if name == "query":
        return lambda item: value in json.dumps([log.get("message") for log in item.get("logs", [])])
    if name == "header":
        return lambda item: _header(item, value)
    if name == "sampling_rate":
        return lambda _item: random.random() < value  # noqa: S311  a sample, not a secret
    if name == "client_ip":
        return lambda _item: True  # every client of a rehearsal is this machine
    raise ApiError(400, 10021, f"unknown filter {name}")


def _request(item: Item) -> dict[str, Any]:
    return (item.get("event") or {}).get("request") or {}


def _header(item: Item, wanted: dict[str, str]) -> bool:
    value = (_request(item).get("headers") or {}).get(wanted["key"].lower())
    return value is not None and wanted.get("query", "") in value
