"""Runs child processes and passes SIGINT and SIGTERM on to them, so that a cancelled job ends in order.

GitHub's runner sends SIGINT to the process of a step, SIGTERM after 7.5 s, and kills after another 2.5 s
(``ProcessInvoker.cs`` of the runner). The engine finishes the running operation after the first signal, and ends at
once after the second. Both release the lock of the stack. A terminal signals its whole process group, so each child has
a session of its own and gets each signal once.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import IO

SIGNALS = (signal.SIGINT, signal.SIGTERM)
MAX_KEPT_LINES = 200  # of a child's output, for messages
MAX_UNREADY = 3.0  # seconds that a signal waits for a child that is not ready for it
_ENDED = {"Z", "X"}  # states of a process in /proc
_POLL = 0.1  # seconds between two looks at the child


class JobCancelled(Exception):  # noqa: N818 - the end of a job, not a defect
    """The job received a signal. ``code`` is the exit code by the convention of shells."""

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.code = 128 + number


@dataclass(slots=True)
class Interruption:
    """The signals that this process received. They end the job after its running child."""

    received: list[int] = field(default_factory=list)

    def listen(self) -> None:
        """Collect SIGINT and SIGTERM from now on, instead of ending at once."""
        for number in SIGNALS:
            signal.signal(number, self._receive)

    def stop_if_cancelled(self) -> None:
        """Raise JobCancelled if a signal was received."""
        if self.received:
            raise JobCancelled(self.received[0])

    def _receive(self, number: int, _frame: FrameType | None) -> None:
        self.received.append(number)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """A child that ended. ``code`` is negative after a signal, as in ``subprocess``. ``lines`` end its output."""

    code: int
    lines: tuple[str, ...]


def run_child(
    command: Sequence[str],
    interruption: Interruption,
    *,
    environ: Mapping[str, str],
    is_ready: Callable[[], bool] = lambda: True,
) -> Ended:
    """Run a command, show its output as it comes, and return how it ended.

    Each received signal reaches the child as SIGINT. The first waits until ``is_ready``, because a child that does not
    listen yet would end without cleaning up. Raises JobCancelled without a start if a signal came before.
    """
    interruption.stop_if_cancelled()
    child = subprocess.Popen(
        command,
        env=dict(environ),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    kept: deque[str] = deque(maxlen=MAX_KEPT_LINES)
    reader = threading.Thread(target=_pass_output, args=(child.stdout, kept), daemon=True)
    reader.start()
    sent, since = 0, None
    while True:
        try:
            code = child.wait(timeout=_POLL)
            break
        except subprocess.TimeoutExpired:
            pass
        if sent < len(interruption.received):
            since = time.monotonic() if since is None else since
            if len(interruption.received) > 1 or is_ready() or time.monotonic() - since > MAX_UNREADY:
                child.send_signal(signal.SIGINT)
                sent += 1
    reader.join(timeout=MAX_UNREADY)  # a grandchild that runs on would keep the pipe open
    return Ended(code=code, lines=tuple(kept))


def _pass_output(stream: IO[bytes], kept: deque[str]) -> None:
    """Write each line to standard output, and keep the last ones. A closed output does not stop the child."""
    target: IO[bytes] | None = sys.stdout.buffer
    with stream:
        for line in stream:
            kept.append(line.decode("utf-8", "replace").rstrip("\r\n"))
            try:
                if target is not None:
                    target.write(line)
                    target.flush()
            except OSError:
                target = None


def is_alive(pid: int) -> bool:
    """Return whether a process with this number runs on this machine.

    A killed process keeps its number until its parent, or the first process of a container, has looked at its end.
    """
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (OSError, ValueError, IndexError):  # a system without /proc
        state = ""
    if state in _ENDED:
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
