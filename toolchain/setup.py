"""Set-up: the virtual environment, the Node packages and the engine, concurrently, each only when it is incomplete."""

from __future__ import annotations

import fcntl
import os
import shlex
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from pathlib import Path

from toolchain import engine, parts
from toolchain.children import Children, Interrupted, Run

HEARTBEAT = 30.0  # seconds between two lines of a long step
PRODUCTION = "--production"
USAGE = f"Usage: scripts/setup [{PRODUCTION}] [COMMAND...]. It runs the command when everything is set up"


def main(then: Sequence[str] = ()) -> int:
    """Sets everything up, then becomes the command ``then`` or prints the line that this terminal still needs.

    A first argument ``--production`` leaves out the test tools and the Node packages.
    Returns 0, 1 with one line for each part that failed, 2 for wrong usage, or 128 + n when signal n ended it.
    """
    production = bool(then) and then[0] == PRODUCTION
    then = then[1:] if production else then
    if then and then[0] in {"-h", "--help"}:
        sys.stdout.write(f"{USAGE}\n")
        return 0
    if then and then[0].startswith("-"):
        return _report_misuse(then[0], f"its only option is {PRODUCTION}")
    with _lock_checkout() as lock:
        children = Children(lock)
        with children.ended_by_signals():
            ready = _set_up_all(children.run, production=production)
    if children.ended_by is not None:
        _print_line("set-up: interrupted. Run it again: it repairs a half-done installation")
        return 128 + children.ended_by
    if not ready:
        return 1
    if then:
        try:
            os.execvp(then[0], list(then))  # noqa: S606 - no shell is wanted
        except OSError as error:
            return _report_misuse(then[0], str(error.strerror))
    if (missing := _line_for_terminal()) is not None:
        _print_line(f"set-up: ready. Run this in your terminal: {missing}")
    return 0


def _report_misuse(argument: str, why: str) -> int:
    _print_line(f"set-up: {argument!r}: {why}. {USAGE}")
    return 2


def _set_up_all(run: Run, *, production: bool) -> bool:
    with ThreadPoolExecutor() as pool:
        python = pool.submit(_run_timed, "python", lambda say: parts.set_up_python(say, run, production=production))
        steps = [python, pool.submit(_run_timed, "engine", lambda say: parts.set_up_engine(python, say, run))]
        if not production:
            steps += [
                pool.submit(_run_timed, "workers", lambda say: parts.install_packages(parts.WORKERS, say, run)),
                pool.submit(_run_timed, "node", lambda say: parts.set_up_node(say, run)),
            ]
        return all(step.result() for step in steps)


@contextmanager
def _lock_checkout() -> Iterator[int]:
    with (parts.ROOT / "toolchain" / "setup.py").open() as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            _print_line("set-up: waiting for another set-up of this checkout ...")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield lock.fileno()


def _print_line(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


def _run_timed(part: str, step: Callable[[parts.Say], bool]) -> bool:
    def say(text: str) -> None:
        _print_line(f"set-up: {part:<7} {text}")

    started = time.monotonic()
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(step, say)
        while not wait([running], timeout=HEARTBEAT).done:
            say(f"... still running after {time.monotonic() - started:.0f} s")
        try:
            if running.result():
                say(f"ready in {time.monotonic() - started:.1f} s")
        except Interrupted:
            return False
        except (parts.SetupError, engine.EngineError, OSError) as error:
            say(f"FAILED: {error}")
            return False
    return True


def _line_for_terminal() -> str | None:
    """Returns the line that puts everything on the PATH of this terminal, or None if it is there already."""
    python, pulumi, standard = shutil.which("python"), shutil.which("pulumi"), engine.standard_folder()
    lines = []
    if python is None or Path(python).parent != parts.VENV / "bin":
        lines.append(f"source {shlex.quote(str(parts.VENV / 'bin' / 'activate'))}")
    if pulumi is None or (Path(pulumi).parent != standard and engine.find() == standard):
        lines.append(f'export PATH="{standard}:$PATH"'.replace(f'"{Path.home()}/', '"$HOME/'))
    return "; ".join(lines) if lines else None
