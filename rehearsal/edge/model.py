"""The uploads of the local edge and its two errors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """One complete uploaded version of a worker.

    ``bindings`` have the form of Cloudflare's API. ``repr`` hides them, because they contain the texts of secrets.
    ``version`` is the value of a ``version_metadata`` binding: ``{"id", "tag", "timestamp"}``.
    """

    name: str
    modules: Mapping[str, bytes] = field(repr=False)
    main_module: str
    compatibility_date: str
    compatibility_flags: tuple[str, ...] = ()
    bindings: tuple[Mapping[str, Any], ...] = field(default=(), repr=False)
    version: Mapping[str, str] = field(default_factory=dict)


class RejectedUpload(Exception):  # noqa: N818 - named for the event, and other modules use the name
    """The runtime refused a version. The message is the runtime's, and the earlier versions still run."""


class EdgeError(Exception):
    """The local edge does not work or has died. The message is one line with the next command."""
