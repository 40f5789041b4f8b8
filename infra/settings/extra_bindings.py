"""The setting ``extraBindings``: bindings that the live worker has besides the declared ones, and must not lose."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping

from contract.manifest.sites import is_sites_binding
from infra.bindings import Binding, list_kinds
from infra.settings.binding_names import BACKFILL_BINDINGS


def read_extra_bindings(text: str, problems: list[str]) -> tuple[Binding, ...]:
    """Return the bindings in a JSON text. Adds a line to ``problems`` for each that cannot be used."""
    try:
        items = json.loads(text) if text else []
    except ValueError:
        items = None
    if not isinstance(items, list):
        problems.append("extraBindings: expected a list of objects with name and type")
        return ()
    known = list_kinds()
    taken = set(BACKFILL_BINDINGS)
    found = []
    for position, item in enumerate(items):
        where = f"extraBindings[{position}]"
        if not isinstance(item, dict) or not all(isinstance(value, str) for value in item.values()):
            problems.append(f"{where}: expected an object whose values are strings")
        elif item.get("type") == "secret_text" and "text" in item:
            problems.append(f"{where}: expected no text, because a secret does not belong in the stack's file")
        elif item.get("type") not in known:
            problems.append(f"{where}.type: expected one of {', '.join(sorted(known))}, found {item.get('type')!r}")
        elif not item.get("name") or item["name"] in taken or is_sites_binding(item["name"]):
            problems.append(f"{where}.name: expected a name that no other binding has, found {item.get('name')!r}")
        else:
            taken.add(item["name"])
            found.extend(_build(known[item["type"]], item, where, problems))
    return tuple(found)


def _build(kind: type[Binding], item: Mapping[str, str], where: str, problems: list[str]) -> list[Binding]:
    fields = {key: value for key, value in item.items() if key != "type"}
    given = [field for field in dataclasses.fields(kind) if field.repr]  # without a secret's text
    needed = {field.name for field in given if field.default is dataclasses.MISSING}
    allowed = {field.name for field in given}
    if not needed <= set(fields) <= allowed:
        may = f", and optionally {', '.join(sorted(allowed - needed))}" if allowed - needed else ""
        problems.append(f"{where}: expected the fields {', '.join(sorted(needed | {'type'}))}{may}")
        return []
    return [kind(**fields)]
