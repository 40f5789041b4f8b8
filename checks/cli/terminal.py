"""Decides on colour, width and folding of a report, from the environment and the terminal."""

from __future__ import annotations

import os
from collections.abc import Mapping

MAX_COLUMNS = 10_000


def wants_color(environ: Mapping[str, str], *, terminal: bool) -> bool:
    """Return whether to use colour: NO_COLOR decides first, then FORCE_COLOR, then TERM, then the terminal.

    An empty variable counts as not set. FORCE_COLOR=0 means no colour. Source: no-color.org, force-color.org.
    """
    if environ.get("NO_COLOR"):
        return False
    forced = environ.get("FORCE_COLOR")
    if forced:
        return forced != "0"
    return terminal and environ.get("TERM") != "dumb"


def find_width(environ: Mapping[str, str], *, terminal: bool) -> int | None:
    """Return the columns at which lines wrap: COLUMNS, or those of the terminal. None for a file and for GitHub."""
    if folds(environ):
        return None
    given = environ.get("COLUMNS", "")
    if given.isascii() and given.isdecimal() and 0 < int(given[:6]) <= MAX_COLUMNS:
        return int(given)
    return _measure_terminal() if terminal else None


def folds(environ: Mapping[str, str]) -> bool:
    """Return whether the output is the log of a job on GitHub."""
    return environ.get("GITHUB_ACTIONS") == "true"


def _measure_terminal() -> int | None:
    try:
        columns = os.get_terminal_size(1).columns
    except OSError:
        return None
    return columns if columns > 0 else None
