"""The setting ``extraBindings``: what the live worker has beside what this program declares, and must not lose."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping

from infra.bindings import Binding, kinds
from infra.declaration import BINDING_NAMES


def read(text: str, problems: list[str]) -> tuple[Binding, ...]:
    """Return the bindings in a JSON text; adds a line to ``problems`` for each that cannot be used."""
    try:
        items = json.loads(text) if text else []
    except ValueError:
        items = None
    if not isinstance(items, list):
        problems.append("extraBindings must be a list of objects with name and type")
        return ()
    known = kinds()
    taken = set(BINDING_NAMES)
    found = []
    for position, item in enumerate(items):
        where = f"extraBindings[{position}]"
        if not isinstance(item, dict) or not all(isinstance(value, str) for value in item.values()):
            problems.append(f"{where} must be an object whose values are strings")
        elif item.get("type") == "secret_text" and "text" in item:
            problems.append(f"{where} must have no text: a secret does not belong in the stack's file")
        elif item.get("type") not in known:
            problems.append(f"{where}.type must be one of {', '.join(sorted(known))}, found {item.get('type')!r}")
        elif not item.get("name") or item["name"] in taken:
            problems.append(f"{where}.name must be set and used by no other binding, found {item.get('name')!r}")
        else:
            taken.add(item["name"])
            found.extend(_built(known[item["type"]], item, where, problems))
    return tuple(found)


def _built(kind: type[Binding], item: Mapping[str, str], where: str, problems: list[str]) -> list[Binding]:
    fields = {key: value for key, value in item.items() if key != "type"}
    given = [field for field in dataclasses.fields(kind) if field.repr]  # a secret's text is not given here
    needed = {field.name for field in given if field.default is dataclasses.MISSING}
    allowed = {field.name for field in given}
    if not needed <= set(fields) <= allowed:
        may = f", and may have {', '.join(sorted(allowed - needed))}" if allowed - needed else ""
        problems.append(f"{where} must have the fields {', '.join(sorted(needed | {'type'}))}{may}")
        return []
    return [kind(**fields)]
