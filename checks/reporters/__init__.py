"""One module per format, each with ``render``. The command finds them by name, without a registry."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass

from checks.model.report import Report


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """Options of the formats for people. Lines are never wrapped."""

    color: bool = False
    quiet: bool = False
    verbose: bool = False


def list_formats() -> tuple[str, ...]:
    """Return the names of all formats."""
    return tuple(item.name for item in pkgutil.iter_modules(__path__))


def load_renderer(name: str) -> Callable[[Report, Style], str]:
    """Return the function that writes a report in a format."""
    render: Callable[[Report, Style], str] = importlib.import_module(f"{__name__}.{name}").render
    return render
