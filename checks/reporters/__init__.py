"""One module per format, each with ``render``. The command finds them by name, without a registry."""

from __future__ import annotations

import importlib
import pkgutil
import textwrap
from collections.abc import Callable
from dataclasses import dataclass

from checks.model.report import Report

MIN_WIDTH = 40  # columns. A narrower terminal breaks the lines itself


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """Options of the formats for people.

    ``width`` is the number of columns at which lines wrap, None for no limit. ``fold`` makes a group of each check in
    the log of a job on GitHub.
    """

    color: bool = False
    width: int | None = None
    fold: bool = False
    quiet: bool = False
    verbose: bool = False


def list_formats() -> tuple[str, ...]:
    """Return the names of all formats."""
    return tuple(item.name for item in pkgutil.iter_modules(__path__))


def load_renderer(name: str) -> Callable[[Report, Style], str]:
    """Return the function that writes a report in a format."""
    render: Callable[[Report, Style], str] = importlib.import_module(f"{__name__}.{name}").render
    return render


def wrap(text: str, width: int | None, *, first: str = "", rest: str = "") -> list[str]:
    """Return the lines of a text. ``first`` starts the first line, ``rest`` the others.

    A word that is longer than a line stays whole, so that a URL or a path can be copied. Without a width there is
    one line.
    """
    if width is None:
        return [first + text]
    lines = textwrap.wrap(
        text,
        max(width, MIN_WIDTH),
        initial_indent=first,
        subsequent_indent=rest,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return lines or [first.rstrip()]


def wrap_command(command: str, width: int | None, *, first: str = "", rest: str = "") -> list[str]:
    """Return the lines of a shell command. It breaks after ``&&`` only, so that it can be pasted as it is shown."""
    if width is None or len(first) + len(command) <= width:
        return [first + command]
    steps = command.split(" && ")
    ends = [" &&"] * (len(steps) - 1) + [""]
    starts = [first, *[rest] * (len(steps) - 1)]
    return [start + step + end for start, step, end in zip(starts, steps, ends, strict=True)]
