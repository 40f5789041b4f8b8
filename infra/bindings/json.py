"""The binding kind ``json``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from infra.bindings import Binding


@dataclass(frozen=True, slots=True, kw_only=True)
class Json(Binding):
    """A public JSON value, given as its text."""

    type: ClassVar[str] = "json"
    json: str
