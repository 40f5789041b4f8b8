"""The binding kind ``plain_text``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from infra.bindings import Binding


@dataclass(frozen=True, slots=True, kw_only=True)
class PlainText(Binding):
    """A public text."""

    type: ClassVar[str] = "plain_text"
    text: str
