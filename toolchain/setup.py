"""Set-up: the virtual environment, the Node packages and the engine, at once, each only when it is not there.

Called by scripts/setup. A part's stamp is written last, so that an interrupted run is repaired by the next one.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from toolchain import engine

ROOT = engine.ROOT
VENV = ROOT / ".venv"
EDGE = ROOT / "rehearsal" / "edge"
OLDEST_NODE = 20
HEARTBEAT = 30.0  # seconds between two signs of life of a long step


class SetupError(Exception):
    """A part cannot be set up; the message says in one line what to do."""


def main() -> int:
    """Set everything up and return the exit code: 0, or 1 with one line for each part that failed."""
    with _one_at_a_time(), ThreadPoolExecutor() as pool:
        python = pool.submit(_timed, "python", _python)
        steps: list[Future[bool]] = [
            python,
            pool.submit(_timed, "node", _node),
            pool.submit(_timed, "engine", lambda say: _engine(python, say)),
        ]
        return 0 if all(step.result() for step in steps) else 1


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    with (ROOT / "toolchain" / "setup.py").open() as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            sys.stderr.write("set-up: waiting for another set-up of this checkout ...\n")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _timed(part: str, step: Callable[[Callable[[str], None]], bool]) -> bool:
    def say(text: str) -> None:
        sys.stderr.write(f"set-up: {part:<7} {text}\n")
        sys.stderr.flush()

    started = time.monotonic()
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(step, say)
        while not _wait(running, HEARTBEAT):
            say(f"... still at it after {time.monotonic() - started:.0f} s")
        try:
            if running.result():
                say(f"ready in {time.monotonic() - started:.1f} s")
        except (SetupError, engine.EngineError, OSError) as error:
            say(f"FAILED: {error}")
            return False
    return True


def _wait(running: Future[bool], seconds: float) -> bool:
    try:
        running.exception(timeout=seconds)
    except TimeoutError:
        return running.done()
    return True


def _python(say: Callable[[str], None]) -> bool:
    files = [ROOT / "requirements.txt", ROOT / "requirements-dev.txt"]
    stamp = _Stamp(VENV / ".stamp", files)
    if stamp.current() and (VENV / "bin" / "python").exists():
        return False
    say("virtual environment and packages ...")
    stamp.forget()
    if not _runs([VENV / "bin" / "python", "-m", "pip", "--version"]):
        _run([sys.executable, "-m", "venv", "--clear", VENV], "install Python's venv module (python3-venv)")
    _run([VENV / "bin" / "python", "-m", "pip", "install", "-q", "-r", files[1]], "is the package index reachable?")
    stamp.write()
    return True


def _node(say: Callable[[str], None]) -> bool:
    stamp = _Stamp(EDGE / "node_modules" / ".stamp", [EDGE / "package-lock.json"])
    link = ROOT / "node_modules"  # so that `npx wrangler` finds the pinned one from the checkout's top
    if not stamp.current() or not link.exists():
        node, npm = shutil.which("node"), shutil.which("npm")
        if node is None or npm is None:
            raise SetupError(f"{'npm' if node else 'Node'} is missing: install Node {OLDEST_NODE} or newer with npm")
        version = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout.strip()
        if int(version.removeprefix("v").partition(".")[0] or 0) < OLDEST_NODE:
            raise SetupError(f"Node {version or 'of unknown version'} is too old: install Node {OLDEST_NODE} or newer")
        say("packages ...")
        stamp.forget()
        _run(
            [npm, "ci", "--no-audit", "--no-fund", "--loglevel=error", "--prefix", EDGE], "is npm's registry reachable?"
        )
        link.unlink(missing_ok=True)
        link.symlink_to(EDGE.relative_to(ROOT) / "node_modules")
        stamp.write()
        return True
    return False


def _engine(python: Future[bool], say: Callable[[str], None]) -> bool:
    if engine.find() is not None:
        return False
    if not python.result():
        raise SetupError("needs the Python packages first")
    engine.install(VENV / "bin" / "python", say)
    return True


class _Stamp:
    """A file that says that a part was set up completely from these inputs."""

    def __init__(self, path: Path, inputs: list[Path]) -> None:
        digest = hashlib.sha256()
        for item in inputs:
            digest.update(item.read_bytes())
        self._path, self._digest = path, digest.hexdigest()

    def current(self) -> bool:
        return self._path.exists() and self._path.read_text() == self._digest

    def forget(self) -> None:
        self._path.unlink(missing_ok=True)

    def write(self) -> None:
        self._path.write_text(self._digest)


def _runs(command: list[str | Path]) -> bool:
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def _run(command: list[str | Path], advice: str) -> None:
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL, env={**os.environ, "CI": "1"}
    )
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        if done.returncode < 0 or last == "KeyboardInterrupt":
            raise SetupError("interrupted")
        raise SetupError(f"{Path(command[0]).name} failed ({last[:200]}): {advice}")


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.stderr.write("set-up: interrupted: run it again, and it repairs what is half done\n")
        sys.exit(130)
