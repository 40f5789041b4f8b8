"""The faults that a rehearsal can apply to a deployed system, and the checks that must report each."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rehearsal.local_system import LocalSystem

Apply = Callable[["LocalSystem"], Awaitable[None]]


class ExpectedResult(StrEnum):
    """The expected result of the checks on a system with a fault."""

    FAILED = "failed"
    INCONCLUSIVE = "inconclusive"
    PASSED = "passed"

    @property
    def exit_code(self) -> int:
        """Return the expected exit code of the checks."""
        return {ExpectedResult.FAILED: 1, ExpectedResult.INCONCLUSIVE: 3, ExpectedResult.PASSED: 0}[self]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One fault, which ``apply`` makes after a deployment.

    ``caught_by``: the checks that must report it with the cause ``cause``. Both are empty if all checks must pass.
    ``other_causes``: checks among them that must name another cause -> that cause.
    ``may_report``: further checks that may report it -> their cause.
    ``deadline``: seconds that the checks are given. ``min_seconds``: seconds that they need at least.
    ``keeps_digest``: code that it uploads with the program's tag is not the program's. Otherwise the defect counts as
    the program's own, and the checks get a manifest with the digest of that code.
    ``settings``: settings of the stack besides the rehearsal's own, as ``run_local_system`` takes them.
    ``environment``: returns variables that replace those of the rehearsal for the checks.
    """

    name: str
    description: str
    apply: Apply
    caught_by: tuple[str, ...] = ()
    cause: str = ""
    other_causes: Mapping[str, str] = field(default_factory=dict)
    may_report: Mapping[str, str] = field(default_factory=dict)
    expected: ExpectedResult = ExpectedResult.FAILED
    deadline: float = 30.0
    min_seconds: float = 0.0
    keeps_digest: bool = False
    settings: Mapping[str, Any] = field(default_factory=dict)
    environment: Callable[[], Mapping[str, str]] = dict


def load_faults() -> Mapping[str, Fault]:
    """Return every fault by name: the entries of ``FAULTS`` in each module of this package.

    Raises ValueError for a name that two faults have.
    """
    faults: dict[str, Fault] = {}
    for module in pkgutil.iter_modules(__path__):
        for fault in getattr(importlib.import_module(f"{__name__}.{module.name}"), "FAULTS", ()):
            if fault.name in faults:
                raise ValueError(f"two faults are named {fault.name}")
            faults[fault.name] = fault
    return faults
