"""What goes into the local edge, and the two ways in which it says no."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """One uploaded version of a worker, complete.

    ``bindings`` have the form of Cloudflare's API, a secret with its text (never shown by ``repr``);
    ``version`` is what a ``version_metadata`` binding shows: ``{"id", "tag", "timestamp"}``.
    """

    name: str
    modules: Mapping[str, bytes] = field(repr=False)
    main_module: str
    compatibility_date: str
    compatibility_flags: tuple[str, ...] = ()
    bindings: tuple[Mapping[str, Any], ...] = field(default=(), repr=False)
    version: Mapping[str, str] = field(default_factory=dict)


class RejectedUpload(Exception):  # noqa: N818 - it names what happened, and others hold on to it
    """The runtime refused a version (its own short message); whatever ran before keeps running."""


class EdgeError(Exception):
    """The local edge itself cannot work or has died; the message says in one line what to do."""
