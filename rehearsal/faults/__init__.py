"""What can go wrong, one file a fault: what it breaks, who must notice, and how it is done to a running rehearsal."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rehearsal.local import Local


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One fault: ``apply`` does it after a deployment, ``end`` undoes it where ``pulumi up`` is not the cure."""

    breaks: str
    caught_by: tuple[str, ...]
    blame: str
    apply: Callable[[Local], Awaitable[None]]
    end: Callable[[Local], Awaitable[None]] | None = None


def catalogue() -> Mapping[str, Fault]:
    """Return every fault by its name: the file's stem, with hyphens."""
    return {
        module.name.replace("_", "-"): importlib.import_module(f"{__name__}.{module.name}").FAULT
        for module in pkgutil.iter_modules(__path__)
    }
