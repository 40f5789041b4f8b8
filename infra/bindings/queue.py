"""The binding kind ``queue``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from infra.bindings import Binding


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue(Binding):
    """A queue that the worker sends to."""

    type: ClassVar[str] = "queue"
    queue_name: str
