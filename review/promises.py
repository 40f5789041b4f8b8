"""What changes of what is promised: each setting and each binding, old and new, and what is lost by it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from contract import secret_scan
from contract.manifest import Binding, Manifest

HIDDEN = "(hidden: it looks like a secret)"
PRECIOUS = {"secret_text", "kv_namespace", "d1", "r2_bucket", "queue"}  # what holds something that a worker may need


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One setting or binding: its name, and its value before and after; None where there is none."""

    name: str
    old: str | None
    new: str | None


def changed(old: Manifest | None, new: Manifest | None) -> list[Row]:
    """Return what differs, settings first; the tag is left out, as it follows from the rest."""
    before, after = ({} if promise is None else _flat(promise) for promise in (old, new))
    names = [*before, *(name for name in after if name not in before)]
    return [
        Row(name=name, old=before.get(name), new=after.get(name))
        for name in names
        if before.get(name) != after.get(name)
    ]


def dropped(old: Manifest | None, new: Manifest | None) -> list[Binding]:
    """Return the bindings that are promised no longer and that held something."""
    if old is None or new is None:
        return []
    kept = {(binding.name, binding.type) for binding in new.bindings}
    return [item for item in old.bindings if item.type in PRECIOUS and (item.name, item.type) not in kept]


def _flat(promise: Manifest) -> dict[str, str]:
    data = promise.to_dict()
    bindings = {f"binding {item.name}": _binding(item) for item in promise.bindings}
    del data["schema"], data["project"], data["stack"], data["bindings"], data["worker"]["tag"]
    return dict(_leaves(data, "")) | bindings


def _leaves(data: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, str]]:
    for name, value in data.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, f"{prefix}{name}.")
        elif value is not None:
            text = ", ".join(value) if isinstance(value, list) else str(value)
            yield f"{prefix}{name}", _public(text if text else "none")


def _binding(item: Binding) -> str:
    values = ", ".join(
        HIDDEN if secret_scan.by_name(item.name) else _public(value) for value in item.properties.values()
    )
    return f"{item.type} {values}".rstrip()


def _public(text: str) -> str:
    return HIDDEN if secret_scan.by_form(text) else text
