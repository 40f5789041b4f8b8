"""The binding kind ``version_metadata``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from infra.bindings import Binding


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionMetadata(Binding):
    """The id, tag and time of the running version."""

    type: ClassVar[str] = "version_metadata"
