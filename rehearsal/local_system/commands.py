"""Run the commands of a rehearsal (engine, wrangler, checks) in its environment. They end with the rehearsal."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from toolchain import engine

_GUARD = engine.ROOT / "toolchain" / "guard.py"


class CommandError(Exception):
    """A command of a rehearsal failed. The message ends with the command's output."""


async def stream(command: Sequence[str], *, environment: Mapping[str, str], folder: Path) -> int:
    """Run a command with the output of this process, and return its exit code."""
    code, _ = await run(command, environment=environment, folder=folder, captured=False)
    return code


async def capture(
    command: Sequence[str], *, environment: Mapping[str, str], folder: Path, given: str | None = None
) -> str:
    """Run a command with ``given`` on its standard input, and return its output and errors as one text.

    Raises CommandError when the command fails.
    """
    code, output = await run(command, environment=environment, folder=folder, given=given)
    if code != 0:
        raise CommandError(f"{Path(command[0]).name} {command[1]} ended with {code}:\n{output.strip()}")
    return output


async def run(
    command: Sequence[str],
    *,
    environment: Mapping[str, str],
    folder: Path,
    given: str | None = None,
    captured: bool = True,
) -> tuple[int, str]:
    """Run a command, and return its exit code and its captured output and errors as one text."""
    read_end, write_end = os.pipe()
    try:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-I", str(_GUARD), str(read_end), *command),
            stdin=asyncio.subprocess.DEVNULL if given is None else asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE if captured else None,
            stderr=asyncio.subprocess.STDOUT if captured else None,
            cwd=folder,
            env=dict(environment),
            pass_fds=(read_end,),
            start_new_session=True,
        )
    except BaseException:
        os.close(write_end)
        raise
    finally:
        os.close(read_end)
    try:
        output, _ = await process.communicate(None if given is None else given.encode())
    finally:
        os.close(write_end)
        await process.wait()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # children of the command, or of a guard that was killed
    return process.returncode or 0, (output or b"").decode(errors="replace")
