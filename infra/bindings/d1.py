"""The binding kind ``d1``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from infra.bindings import Binding


@dataclass(frozen=True, slots=True, kw_only=True)
class D1(Binding):
    """A D1 database, by its id."""

    type: ClassVar[str] = "d1"
    id: str
