"""The binding kind ``r2_bucket``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from infra.bindings import Binding, optional


@dataclass(frozen=True, slots=True, kw_only=True)
class R2Bucket(Binding):
    """An R2 bucket of the same account."""

    type: ClassVar[str] = "r2_bucket"
    bucket_name: str
    jurisdiction: str | None = optional(absent="default")
