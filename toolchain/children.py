"""The commands that set-up runs. They end with set-up, and the next set-up waits for their end."""

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


class Interrupted(Exception):  # noqa: N818 - a state, not an error
    """Set-up received a signal to end while a command ran."""


class Run(Protocol):
    """A function that runs a command to its end, with any exit code. ``limit`` is in seconds."""

    def __call__(
        self,
        command: Sequence[str | Path],
        *,
        folder: Path | None = None,
        more: Mapping[str, str] | None = None,
        limit: float | None = None,
    ) -> subprocess.CompletedProcess[str]:
        """Returns its exit code and output. Raises OSError, subprocess.TimeoutExpired or Interrupted."""


class Children:
    """Runs each command under a guard, which ends the command and its children when set-up ends.

    ``lock`` is the descriptor of a locked file. The guards hold it too, so the lock lasts until the last guard ends.
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
        """Runs a command to its end, with ``more`` added to its environment. See Run."""
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
            start_new_session=True,  # set-up passes on Ctrl-C itself
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
        """Within the block, a signal to set-up ends the commands. ``ended_by`` is then the number of the signal."""
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
