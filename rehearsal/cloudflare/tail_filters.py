"""The filters of a tail, as `wrangler tail` sends them."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from typing import Any

from rehearsal.cloudflare.responses import RefusalError

Item = dict[str, Any]
Filter = Callable[[Item], bool]


def parse_filters(asked: Any) -> tuple[Filter, ...]:
    """Return the requested filters. Raises RefusalError for an unknown filter."""
    given = asked if isinstance(asked, list) else []
    return tuple(_make_filter(name, value) for item in given for name, value in item.items())


def _make_filter(name: str, value: Any) -> Filter:
    if name == "outcome":
        return lambda item: item.get("outcome") in value
    if name == "method":
        return lambda item: _get_request(item).get("method") in value
    if name == "query":
        return lambda item: value in json.dumps([log.get("message") for log in item.get("logs", [])])
    if name == "header":
        return lambda item: _has_header(item, value)
    if name == "sampling_rate":
        return lambda _item: random.random() < value  # noqa: S311  a sample, not a secret
    if name == "client_ip":
        return lambda _item: True  # every client of a rehearsal is this machine
    raise RefusalError(400, 10021, f"unknown filter {name}")


def _get_request(item: Item) -> dict[str, Any]:
    return (item.get("event") or {}).get("request") or {}


def _has_header(item: Item, wanted: dict[str, str]) -> bool:
    value = (_get_request(item).get("headers") or {}).get(wanted["key"].lower())
    return value is not None and wanted.get("query", "") in value
