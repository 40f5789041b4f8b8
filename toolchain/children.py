"""The commands that set-up runs: they end with it, however it ends, and the next set-up waits until they have."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import FrameType
from typing import Protocol

_GUARD = Path(__file__).with_name("guard.py")
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupted(Exception):  # noqa: N818 - it names what happened; nothing went wrong
    """Set-up was told to end while a command ran."""


class Run(Protocol):
    """How a command is run to its end, whatever its exit code; ``limit`` in seconds."""

    def __call__(
        self,
        command: Sequence[str | Path],
        *,
        folder: Path | None = None,
        more: Mapping[str, str] | None = None,
        limit: float | None = None,
    ) -> subprocess.CompletedProcess[str]:
        """Return its exit code and output; raises OSError, subprocess.TimeoutExpired, Interrupted."""


class Children:
    """Runs commands, each under a guard that ends it, and all that it started, once set-up ends or is told to.

    ``lock`` is a locked file's descriptor: the guards hold it too, so that it stays locked while one of them lives.
    """

    def __init__(self, lock: int) -> None:
        self.ended_by: int | None = None
        self._lock = lock
        self._lifeline, self._held = os.pipe()

    def run(
        self,
        command: Sequence[str | Path],
        *,
        folder: Path | None = None,
        more: Mapping[str, str] | None = None,
        limit: float | None = None,
    ) -> subprocess.CompletedProcess[str]:
        """Run a command to its end, ``more`` added to its environment; see Run."""
        if self.ended_by is not None:
            raise Interrupted
        with subprocess.Popen(
            [sys.executable, "-I", "-S", _GUARD, str(self._lifeline), *command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            cwd=folder,
            env={**os.environ, **(more or {})},
            pass_fds=(self._lifeline, self._lock),
            start_new_session=True,  # a terminal's Ctrl-C is set-up's to pass on
        ) as process:
            try:
                output, errors = process.communicate(timeout=limit)
            finally:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
        if self.ended_by is not None:
            raise Interrupted
        return subprocess.CompletedProcess(list(command), process.returncode, output, errors)

    @contextlib.contextmanager
    def ended_by_signals(self) -> Iterator[None]:
        """Within, a signal that asks set-up to end ends the commands; ``ended_by`` is its number then."""
        before = {number: signal.signal(number, self._end) for number in _SIGNALS}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _end(self, number: int, _frame: FrameType | None) -> None:
        if self.ended_by is None:
            self.ended_by = number
            os.close(self._held)
