"""Digests of bindings and script settings, and the form in which bindings are compared: the fields of a declaration."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

from cloudflare_client.script_settings import NONE, OFF, ScriptSettings
from contract.manifest import DeclaredSettings
from infra.bindings import list_kinds


def digest(value: object) -> str:
    """Return 8 hex digits that name a JSON value."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:8]


def row_of(binding: Mapping[str, Any]) -> list[Any]:
    """Return the compared fields of a binding. An optional field counts only where it differs from its default.

    The API adds fields that no declaration has. They are left out.
    """
    kind = list_kinds().get(binding["type"])
    public = [] if kind is None else [f for f in dataclasses.fields(kind) if f.repr and f.name != "name"]
    values = [_plain(binding["type"], binding.get(f.name)) for f in public if f.default is dataclasses.MISSING]
    extra = [(f.name, binding.get(f.name), f.metadata["absent"]) for f in public if "absent" in f.metadata]
    more = [[name, value] for name, value, absent in extra if value not in (None, "", absent)]
    return [binding["name"], binding["type"], *values, *more]


def digest_bindings(bindings: Iterable[Mapping[str, Any]]) -> str:
    """Return the digest of the compared fields of bindings, in any order."""
    return digest(sorted((row_of(item) for item in bindings), key=lambda row: row[0]))


def digest_settings(settings: ScriptSettings | DeclaredSettings) -> str:
    """Return the digest of script settings, live or declared.

    A setting that is off or none is left out, so that a further setting does not change the digests of live tags.
    """
    return digest({name: text for name, text in dataclasses.asdict(settings).items() if text not in (OFF, NONE)})


def _plain(kind: str, value: object) -> object:
    """Return a value as it is compared: JSON by its meaning, not by its text."""
    if kind != "json" or not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value
