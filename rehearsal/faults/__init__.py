"""What can go wrong, one file a fault: what it breaks, who must notice, and how it is done to a running rehearsal."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rehearsal.local import Local

Apply = Callable[["Local"], Awaitable[None]]


class Verdict(StrEnum):
    """What the checks must say of a world with this fault."""

    BROKEN = "a promise is broken"
    NONE = "no verdict"
    KEPT = "all is well"

    @property
    def exit_code(self) -> int:
        """Return the checks' exit code."""
        return {Verdict.BROKEN: 1, Verdict.NONE: 3, Verdict.KEPT: 0}[self]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One fault: ``apply`` does it after a deployment.

    ``caught_by`` are the checks that must say so, each blaming ``blame`` and nobody else; both are empty for what must
    pass. ``besides`` are checks that may say so too, and whom they blame then. ``seconds`` is the deadline that the
    checks are given, ``waits`` how long they take at least, where there is something to wait for. ``settings`` are
    what the stack must declare beside the rehearsal's own, as ``local.running`` takes them; ``environment`` makes what
    the checks find in theirs in place of the rehearsal's own.
    """

    breaks: str
    caught_by: tuple[str, ...] = ()
    blame: str = ""
    apply: Apply
    besides: Mapping[str, str] = field(default_factory=dict)
    verdict: Verdict = Verdict.BROKEN
    seconds: float = 30.0
    waits: float = 0.0
    settings: Mapping[str, Any] = field(default_factory=dict)
    environment: Callable[[], Mapping[str, str]] = dict


def catalogue() -> Mapping[str, Fault]:
    """Return every fault by its name: the file's stem, with hyphens."""
    return {
        module.name.replace("_", "-"): importlib.import_module(f"{__name__}.{module.name}").FAULT
        for module in pkgutil.iter_modules(__path__)
    }
