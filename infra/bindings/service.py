"""The binding kind ``service``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from infra.bindings import Binding, optional


@dataclass(frozen=True, slots=True, kw_only=True)
class Service(Binding):
    """Another worker of the same account."""

    type: ClassVar[str] = "service"
    service: str
    environment: str | None = optional(absent="production")
