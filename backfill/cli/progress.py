"""Shows the progress of long work on standard error: one line that is rewritten, on a terminal only."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TextIO

from checks.cli.progress_lines import fits_terminal
from checks.cli.standard_streams import silence

Progress = Callable[[int, int], None]  # gets the number of things that are done, and of all
CLEAR = "\r\x1b[K"


@dataclass(slots=True, kw_only=True)
class ProgressLine:
    """A line such as ``reading sites: 12 of 100``."""

    terminal: TextIO
    text: str

    def __call__(self, done: int, total: int) -> None:
        """Show how much is done."""
        with contextlib.suppress(OSError):  # a display must not change a result
            self.terminal.write(f"{CLEAR}{self.text}: {done:,} of {total:,}")
            self.terminal.flush()

    def clear(self) -> None:
        """Clear the line."""
        try:
            self.terminal.write(CLEAR)
            self.terminal.flush()
        except OSError:  # the terminal is gone
            silence(self.terminal)


@contextlib.contextmanager
def show_progress(text: str, *, hidden: bool = False) -> Iterator[Progress]:
    """Yield a function that shows the progress, or does nothing without a terminal. Clear the line at the end."""
    if hidden or not fits_terminal(sys.stderr, os.environ):
        yield lambda _done, _total: None
        return
    line = ProgressLine(terminal=sys.stderr, text=text)
    try:
        yield line
    finally:
        line.clear()
