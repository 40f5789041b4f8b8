"""Bindings: one kind, one file, one class with two faces: what is uploaded, and what is promised.

A new kind is a new module named as the API names its type; nothing lists them.
"""

from __future__ import annotations

import dataclasses
import functools
import importlib
import pkgutil
from dataclasses import dataclass
from typing import Any, ClassVar

import pulumi_cloudflare as cloudflare

from contract import manifest


@dataclass(frozen=True, slots=True, kw_only=True)
class Binding:
    """A binding whose fields, apart from ``name``, are its public settings; one that is None is not declared."""

    type: ClassVar[str]
    name: str

    def upload(self) -> cloudflare.WorkersScriptBindingArgs:
        """Return what the provider sends."""
        return cloudflare.WorkersScriptBindingArgs(name=self.name, type=self.type, **self._settings())

    def promise(self) -> manifest.Binding:
        """Return what the manifest says; never a secret."""
        return manifest.Binding(name=self.name, type=self.type, properties=self._settings())

    def _settings(self) -> dict[str, Any]:
        values = {f.name: getattr(self, f.name) for f in dataclasses.fields(self) if f.name != "name"}
        return {name: value for name, value in values.items() if value is not None}


def optional(*, absent: str) -> Any:
    """Return a field that may be left out; the API may answer ``absent`` for one that was."""
    return dataclasses.field(default=None, metadata={"absent": absent})


@functools.cache
def kinds() -> dict[str, type[Binding]]:
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
