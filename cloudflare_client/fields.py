"""Typed access to JSON. Each function raises UnknownShapeError for a value of another type."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from cloudflare_client.errors import UnknownShapeError


def read_items(value: object, name: str) -> list[dict[str, Any]]:
    """Return a list of objects."""
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise UnknownShapeError(f"{name} are not a list of objects")
    return value


def read_object(value: object, name: str) -> Mapping[str, Any]:
    """Return an object."""
    if not isinstance(value, dict):
        raise UnknownShapeError(f"expected an object as {name}")
    return value


def read_text(item: Mapping[str, Any], name: str, default: str | None = None) -> str:
    """Return a text field. ``default`` replaces a field that is missing, null or empty."""
    value = item.get(name)
    if value in (None, "") and default is not None:
        return default
    if not isinstance(value, str):
        raise UnknownShapeError(f"{name} is not a text")
    return value


def read_time(item: Mapping[str, Any], name: str) -> datetime:
    """Return a time field (ISO 8601) in UTC. A time without an offset means UTC."""
    try:
        found = datetime.fromisoformat(read_text(item, name))
    except ValueError:
        raise UnknownShapeError(f"{name} is not a time") from None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
