"""The settings of a worker besides its bindings, as the API describes them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cloudflare_client.errors import UnknownShapeError
from cloudflare_client.fields import read_items, read_object, read_text


@dataclass(frozen=True, slots=True, kw_only=True)
class ScriptSettings:
    """The settings of a live worker that send its logs elsewhere or limit it. A setting that is off counts as none.

    ``observability`` and ``limits`` are texts for a message, such as ``logs at 100 %`` and ``cpu_ms 50``.
    """

    tail_consumers: tuple[str, ...]
    logpush: bool
    observability: str
    limits: str


def parse_settings(result: object) -> ScriptSettings:
    """Return the settings from ``GET …/settings``."""
    found = read_object(result, "the settings")
    consumers = read_items(found.get("tail_consumers") or [], "the tail consumers")
    limits = read_object(found.get("limits") or {}, "the limits")
    logpush = found.get("logpush")
    if not isinstance(logpush, bool | None):
        raise UnknownShapeError("logpush is not true or false")
    return ScriptSettings(
        tail_consumers=tuple(_describe_consumer(item) for item in consumers),
        logpush=logpush is True,
        observability=_describe_observability(read_object(found.get("observability") or {}, "the observability")),
        limits=", ".join(f"{name} {value}" for name, value in sorted(limits.items()) if value is not None),
    )


def _describe_consumer(item: Mapping[str, Any]) -> str:
    environment = read_text(item, "environment", "")
    return read_text(item, "service") + (f" ({environment})" if environment else "")


def _describe_observability(found: Mapping[str, Any]) -> str:
    """Return the parts that are enabled. ``enabled`` of the whole is a short form for the logs."""
    parts = [
        name for name in ("logs", "traces") if isinstance(found.get(name), dict) and found[name].get("enabled") is True
    ]
    if not parts and found.get("enabled") is True:
        parts = ["logs"]
    return " and ".join(parts)
