"""Shows the running checks on a terminal: one line per check, rewritten in place, cleared at the end."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TextIO

from checks.cli.standard_streams import silence
from checks.model.report import Result

MORE = "…"
MIN_DAYS = 10  # fewer days need no progress


@dataclass(slots=True, kw_only=True)
class ProgressLines:
    """The lines of the running checks. Lines that do not fit the terminal are not shown.

    ``days`` is the progress of a check that reads many days, and ``began`` the time of its first day.
    """

    terminal: TextIO
    clock: Callable[[], float] = time.monotonic
    running: list[str] = field(default_factory=list)
    shown: int = 0
    days: dict[str, str] = field(default_factory=dict)
    began: dict[str, float] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, check_id: str, result: Result | None) -> None:
        """Add a check that started, or remove one that has a result."""
        if result is None:
            self.running.append(check_id)
        elif check_id in self.running:
            self.running.remove(check_id)
        self.draw()

    def advance(self, check_id: str, done: int, total: int) -> None:
        """Show how many days of a check are done, and an estimate. A check calls it in its own thread."""
        now = self.clock()
        began = self.began.setdefault(check_id, now)
        left = (now - began) / (done - 1) * (total - done) if done > 1 else 0.0
        estimate = f", about {_format_duration(left)} left" if left else ""
        self.days[check_id] = f"  {done:,} of {total:,} days{estimate}" if total >= MIN_DAYS else ""
        with contextlib.suppress(OSError):  # a display must not change a result
            self.draw()

    def clear(self) -> None:
        """Clear the lines."""
        self.running.clear()
        self.draw()

    def draw(self) -> None:
        """Write the lines over the ones before, never more than the terminal has."""
        with self.lock:
            self._draw()

    def _draw(self) -> None:
        columns, rows = shutil.get_terminal_size()
        width = max((len(name) for name in self.running), default=0)
        lines = [f"{name:<{width}}  running{self.days.get(name, '')}"[: columns - 1] for name in self.running]
        if len(lines) >= rows:
            lines = [*lines[: rows - 2], MORE]
        up = f"\x1b[{self.shown}A\r\x1b[J" if self.shown else ""
        self.shown = len(lines)
        self.terminal.write(up + "".join(f"{line}\n" for line in lines))
        self.terminal.flush()


def _format_duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.0f} min"


def fits_terminal(terminal: TextIO | None, environ: Mapping[str, str]) -> bool:
    """Return whether to show the running checks: on a terminal that can move its cursor, and not in CI."""
    plain = environ.get("NO_COLOR") or environ.get("CI") or environ.get("TERM", "dumb") in ("", "dumb")
    return terminal is not None and terminal.isatty() and not plain


@contextlib.contextmanager
def show_progress(*, plain: bool) -> Iterator[ProgressLines | None]:
    """Show the running checks on standard error if it is a terminal, and clear them at the end."""
    if plain or not fits_terminal(sys.stderr, os.environ):
        yield None
        return
    lines = ProgressLines(terminal=sys.stderr)
    try:
        yield lines
    finally:
        try:
            lines.clear()
        except OSError:  # the terminal is gone
            silence(sys.stderr)
