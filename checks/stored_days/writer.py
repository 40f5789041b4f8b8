"""The version of a worker that wrote an object."""

from __future__ import annotations

import enum
from dataclasses import dataclass


class WriterKind(enum.Enum):
    """The relation of a version to the stack. LIVE and EARLIER are versions of this stack."""

    LIVE = enum.auto()
    EARLIER = enum.auto()
    FOREIGN = enum.auto()
    UNKNOWN = enum.auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Writer:
    """A writer. ``text`` describes it for a message. ``listed`` says that Cloudflare knows a foreign version."""

    kind: WriterKind
    version: str
    text: str
    listed: bool = False
