"""Kinds of bindings: one kind, one file, one class. It defines the upload and the manifest's entry.

A new kind is a new module with the API's name of the type. Nothing lists the kinds.
"""

from __future__ import annotations

import dataclasses
import functools
import importlib
import pkgutil
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from contract.manifest import DeclaredBinding


@dataclass(frozen=True, slots=True, kw_only=True)
class Binding:
    """A binding. Its fields apart from ``name`` are its public settings, and a field that is None is not declared."""

    type: ClassVar[str]
    name: str

    def upload(self) -> Mapping[str, str]:
        """Return the fields that Cloudflare receives. ``secret_fields`` names those that are secret."""
        return {"name": self.name, "type": self.type, **self._settings()}

    def declare(self) -> DeclaredBinding:
        """Return the manifest's entry, without a secret."""
        return DeclaredBinding(name=self.name, type=self.type, properties=self._settings())

    @classmethod
    def secret_fields(cls) -> frozenset[str]:
        """Return the names of the fields that hold a secret."""
        return frozenset(field.name for field in dataclasses.fields(cls) if not field.repr)

    def _settings(self) -> dict[str, Any]:
        values = {f.name: getattr(self, f.name) for f in dataclasses.fields(self) if f.name != "name"}
        return {name: value for name, value in values.items() if value is not None}


def optional(*, absent: str) -> Any:
    """Return a field that may be left out. The API may answer ``absent`` when it was."""
    return dataclasses.field(default=None, metadata={"absent": absent})


@functools.cache
def list_kinds() -> dict[str, type[Binding]]:
    """Return every kind of binding by the API's name of its type."""
    found = {}
    for module in pkgutil.iter_modules(__path__):
        members: dict[str, Any] = vars(importlib.import_module(f"{__name__}.{module.name}"))
        found[module.name] = next(
            kind
            for kind in members.values()
            if isinstance(kind, type) and issubclass(kind, Binding) and kind.__module__ == members["__name__"]
        )
    return found
