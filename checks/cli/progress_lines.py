"""Shows the running checks on a terminal: one line per check, rewritten in place, cleared at the end."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TextIO

from checks.model.report import Result

MORE = "…"


@dataclass(slots=True, kw_only=True)
class ProgressLines:
    """The lines of the running checks. Lines that do not fit the terminal are not shown."""

    terminal: TextIO
    running: list[str] = field(default_factory=list)
    shown: int = 0

    def __call__(self, check_id: str, result: Result | None) -> None:
        """Add a check that started, or remove one that has a result."""
        if result is None:
            self.running.append(check_id)
        elif check_id in self.running:
            self.running.remove(check_id)
        self.draw()

    def clear(self) -> None:
        """Clear the lines."""
        self.running.clear()
        self.draw()

    def draw(self) -> None:
        """Write the lines over the ones before, never more than the terminal has."""
        columns, rows = shutil.get_terminal_size()
        width = max((len(name) for name in self.running), default=0)
        lines = [f"{name:<{width}}  running"[: columns - 1] for name in self.running]
        if len(lines) >= rows:
            lines = [*lines[: rows - 2], MORE]
        up = f"\x1b[{self.shown}A\r\x1b[J" if self.shown else ""
        self.shown = len(lines)
        self.terminal.write(up + "".join(f"{line}\n" for line in lines))
        self.terminal.flush()


def fits_terminal(terminal: TextIO | None, environ: Mapping[str, str]) -> bool:
    """Return whether to show the running checks: on a terminal that can move its cursor, and not in CI."""
    plain = environ.get("NO_COLOR") or environ.get("CI") or environ.get("TERM", "dumb") in ("", "dumb")
    return terminal is not None and terminal.isatty() and not plain
