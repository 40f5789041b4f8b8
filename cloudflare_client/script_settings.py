"""The settings of a script besides its bindings: from the API's form to texts that can be compared and shown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from cloudflare_client.errors import UnknownShapeError
from cloudflare_client.fields import read_items, read_object, read_text

OFF, ON, NONE = "off", "on", "none"
_PLACEMENT = ("mode", "region", "hostname", "host")  # Cloudflare computes the other fields
_FULL_RATE = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class ScriptSettings:
    """The settings of a script, each as one text: ``logs at 100 %``, ``off``, ``none``, ``cpu_ms 30000``.

    Two settings with the same effect have the same text, whichever fields the API leaves out.
    """

    observability: str
    logpush: str
    tail_consumers: str
    limits: str
    placement: str


def parse_settings(result: object) -> ScriptSettings:
    """Return the settings from ``GET …/settings``, or from the metadata of an upload."""
    found = read_object(result, "the settings")
    consumers = read_items(found.get("tail_consumers") or [], "the tail consumers")
    limits = read_object(found.get("limits") or {}, "the limits")
    placement = read_object(found.get("placement") or {}, "the placement")
    logpush = found.get("logpush")
    if not isinstance(logpush, bool | None):
        raise UnknownShapeError("logpush is not true or false")
    return ScriptSettings(
        observability=_describe_observability(read_object(found.get("observability") or {}, "the observability")),
        logpush=ON if logpush else OFF,
        tail_consumers=", ".join(sorted(map(_describe_consumer, consumers))) or NONE,
        limits=", ".join(f"{name} {value}" for name, value in sorted(limits.items()) if value is not None) or NONE,
        placement=", ".join(f"{name} {placement[name]}" for name in _PLACEMENT if placement.get(name)) or NONE,
    )


def _describe_consumer(item: Mapping[str, Any]) -> str:
    environment = read_text(item, "environment", "")
    return read_text(item, "service") + (f" ({environment})" if environment else "")


def _describe_observability(found: Mapping[str, Any]) -> str:
    """Return the parts that are enabled. ``enabled`` of the whole is a short form for the logs."""
    short = {"logs": {"enabled": found.get("enabled") is True}, "traces": {}}
    parts = {name: read_object(found.get(name) or default, f"the {name}") for name, default in short.items()}
    enabled = [_describe_part(name, part) for name, part in parts.items() if part.get("enabled") is True]
    rate = _read_rate(found)
    return " and ".join(enabled) + (f", of {rate} of the requests" if rate != "100 %" else "") if enabled else OFF


def _describe_part(name: str, part: Mapping[str, Any]) -> str:
    return ", ".join([f"{name} at {_read_rate(part)}", *_list_deviations(part)])


def _list_deviations(part: Mapping[str, Any]) -> Iterator[str]:
    if part.get("invocation_logs") is False:
        yield "without invocation logs"
    if part.get("persist") is False:
        yield "not stored"
    destinations = part.get("destinations") or []
    if destinations:
        yield f"sent to {', '.join(sorted(map(str, destinations)))}"


def _read_rate(part: Mapping[str, Any]) -> str:
    rate = part.get("head_sampling_rate")
    if not isinstance(rate, int | float | None):
        raise UnknownShapeError("head_sampling_rate is not a number")
    return f"{(_FULL_RATE if rate is None else rate) * 100:g} %"
