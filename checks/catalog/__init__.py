"""Every check, one file each. The command finds them by walking this package: nothing is registered anywhere."""

from __future__ import annotations

import functools
import importlib
import pkgutil

from checks.check import Check


def load() -> dict[str, Check]:
    """Return every check by its id, in the order of the runbook's steps (docs/reference/runbook.md)."""
    return {check.id: check for check in _find_checks(tuple(__path__))}


@functools.cache
def _find_checks(folders: tuple[str, ...]) -> list[Check]:
    modules = (importlib.import_module(f"{__name__}.{item.name}") for item in pkgutil.iter_modules(folders))
    found: list[Check] = [module.CHECK for module in modules]
    return sorted(found, key=lambda check: (check.step, check.id))
