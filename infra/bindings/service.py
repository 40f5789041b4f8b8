"""The binding kind ``service``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from infra.bindings import Binding


@dataclass(frozen=True, slots=True, kw_only=True)
class Service(Binding):
    """Another worker of the same account."""

    type: ClassVar[str] = "service"
    service: str
