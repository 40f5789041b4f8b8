"""Runs `pulumi up` without a second preview, and reads the engine's events while it runs.

The event log is a pipe and not a file, because its debug events hold the operator token.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from deployment.child import Ended, Interruption, run_child
from deployment.events import Update

_END = b"\n\n"  # the engine writes no empty line. The first one ends the line of an engine that was killed
_CHUNK = 2**16


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineRun:
    """A finished run of the engine."""

    update: Update
    ended: Ended


def run_up(stack: str, interruption: Interruption, *, environ: Mapping[str, str], folder: Path) -> EngineRun:
    """Run `pulumi up` of a stack and return its result. ``folder`` is for the pipe."""
    update = Update()
    pipe = folder / "events"
    os.mkfifo(pipe, 0o600)
    command = ("pulumi", "up", "--yes", "--skip-preview", "--non-interactive", "--stack", stack)
    with _reading(pipe, update):
        ended = run_child(
            (*command, "--event-log", str(pipe)),
            interruption,
            environ={**environ, "PULUMI_DEBUG_COMMANDS": "true"},  # makes the engine accept --event-log
            is_ready=lambda: update.started,
        )
    pipe.unlink()
    return EngineRun(update=update, ended=ended)


@contextlib.contextmanager
def _reading(pipe: Path, update: Update) -> Iterator[None]:
    """Add the lines of the pipe to ``update`` in the background, to the end of the block."""
    descriptor = os.open(pipe, os.O_RDWR)  # also for writing, so that neither side waits for the other one
    reader = threading.Thread(target=_read_lines, args=(descriptor, update), daemon=True)
    reader.start()
    try:
        yield
    finally:
        os.write(descriptor, _END)
        reader.join()
        os.close(descriptor)


def _read_lines(descriptor: int, update: Update) -> None:
    rest = b""
    while True:
        *lines, rest = (rest + os.read(descriptor, _CHUNK)).split(b"\n")
        for line in lines:
            if not line:
                return
            update.add(line)
