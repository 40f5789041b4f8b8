"""The binding kind ``kv_namespace``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from infra.bindings import Binding


@dataclass(frozen=True, slots=True, kw_only=True)
class KvNamespace(Binding):
    """A Workers KV namespace."""

    type: ClassVar[str] = "kv_namespace"
    namespace_id: str
