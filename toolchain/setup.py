"""Set-up: the virtual environment, the Node packages and the engine, concurrently, each only when it is incomplete."""

from __future__ import annotations

import fcntl
import os
import shlex
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from toolchain import engine
from toolchain.children import Children, Interrupted, Run
from toolchain.stamp import Stamp

ROOT = engine.ROOT
VENV = ROOT / ".venv"
EDGE = ROOT / "rehearsal" / "edge"
WORKERS = ROOT / "workers"
OLDEST_NODE = 20
LEAST_ROOM = 100 * 2**20  # bytes; with fewer left a failure is the disk's
HEARTBEAT = 30.0  # seconds between two signs of life of a long step

Say = Callable[[str], None]


class SetupError(Exception):
    """A part cannot be set up; the message says in one line what to do."""


def main(then: Sequence[str] = ()) -> int:
    """Set everything up, then become the command ``then``, or say what this terminal still lacks.

    Returns 0, 1 with one line for each part that failed, 2 for a wrong use, or 128 + n when signal n ended it.
    """
    if then and then[0].startswith("-"):
        return _misused(then[0], "it has no options")
    with _one_at_a_time() as lock:
        children = Children(lock)
        with children.ended_by_signals():
            ready = _all(children.run)
    if children.ended_by is not None:
        _tell("set-up: interrupted: run it again, and it repairs what is half done")
        return 128 + children.ended_by
    if not ready:
        return 1
    if then:
        try:
            os.execvp(then[0], list(then))  # noqa: S606 - no shell is wanted
        except OSError as error:
            return _misused(then[0], str(error.strerror))
    if (missing := _terminal()) is not None:
        _tell(f"set-up: ready; for this terminal: {missing}")
    return 0


def _misused(argument: str, why: str) -> int:
    _tell(f"set-up: {argument!r}: {why}; usage: scripts/setup [COMMAND...], which it becomes when all is set up")
    return 2


def _all(run: Run) -> bool:
    with ThreadPoolExecutor() as pool:
        python = pool.submit(_timed, "python", lambda say: _python(say, run))
        steps: list[Future[bool]] = [
            python,
            pool.submit(_timed, "node", lambda say: _node(say, run)),
            pool.submit(_timed, "workers", lambda say: _packages(WORKERS, say, run)),
            pool.submit(_timed, "engine", lambda say: _engine(python, say, run)),
        ]
        return all(step.result() for step in steps)


@contextmanager
def _one_at_a_time() -> Iterator[int]:
    with (ROOT / "toolchain" / "setup.py").open() as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            _tell("set-up: waiting for another set-up of this checkout ...")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield lock.fileno()


def _tell(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


def _timed(part: str, step: Callable[[Say], bool]) -> bool:
    def say(text: str) -> None:
        _tell(f"set-up: {part:<7} {text}")

    started = time.monotonic()
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(step, say)
        while not _wait(running, HEARTBEAT):
            say(f"... still at it after {time.monotonic() - started:.0f} s")
        try:
            if running.result():
                say(f"ready in {time.monotonic() - started:.1f} s")
        except Interrupted:
            return False
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


def _python(say: Say, run: Run) -> bool:
    python, files = VENV / "bin" / "python", [ROOT / "requirements.txt", ROOT / "requirements-dev.txt"]
    stamp = Stamp(VENV, files)
    damage = stamp.damage() if python.exists() else ""
    if damage is None and stamp.current():
        return False
    _writable(ROOT)
    if VENV.is_symlink():  # another checkout's, which is not this one's to change
        VENV.unlink()
        return _python(say, run)
    say(f"virtual environment and packages{f' ({damage})' if damage else ''} ...")
    stamp.forget()
    if damage is not None:  # pip would trust what half a package says of itself
        _do(run, [sys.executable, "-m", "venv", "--clear", VENV], "install Python's venv module (python3-venv)")
    _do(run, [python, "-m", "pip", "install", "-q", "-r", files[1]], "is the package index reachable?")
    stamp.write()
    return True


def _node(say: Say, run: Run) -> bool:
    """Install the packages of the rehearsal, and link them for `npx wrangler` from the top of the checkout."""
    link = ROOT / "node_modules"
    installed = _packages(EDGE, say, run)
    if link.exists() and not installed:
        return False
    link.unlink(missing_ok=True)
    link.symlink_to(EDGE.relative_to(ROOT) / "node_modules")
    return True


def _packages(folder: Path, say: Say, run: Run) -> bool:
    """Install the Node packages of a folder that has a package-lock.json. Returns False when they are there."""
    packages = folder / "node_modules"
    stamp = Stamp(packages, [folder / "package-lock.json"])
    damage = stamp.damage()
    if damage is None and stamp.current():
        return False
    npm = _npm(run)
    _writable(folder)
    if packages.is_symlink():  # another checkout's
        packages.unlink()
        return _packages(folder, say, run)
    say(f"packages{f' ({damage})' if damage else ''} ...")
    stamp.forget()
    options = ["--no-audit", "--no-fund", "--loglevel=error", "--prefix"]
    _do(run, [npm, "ci", *options, folder], "is npm's registry reachable?")
    stamp.write()
    return True


def _npm(run: Run) -> str:
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        raise SetupError(f"{'npm' if node else 'Node'} is missing: install Node {OLDEST_NODE} or newer with npm")
    version = run([node, "--version"]).stdout.strip()
    major = version.removeprefix("v").partition(".")[0]
    if not major.isdigit() or int(major) < OLDEST_NODE:
        raise SetupError(f"Node {version or 'of unknown version'} is too old: install Node {OLDEST_NODE} or newer")
    return npm


def _engine(python: Future[bool], say: Say, run: Run) -> bool:
    if engine.find() is not None:
        return False
    if not python.result():
        raise SetupError("needs the Python packages first")
    engine.install(VENV / "bin" / "python", say, run)
    return True


def _writable(folder: Path) -> None:
    if not os.access(folder, os.W_OK):
        raise SetupError(f"{folder} cannot be written to: set up in a checkout of your own on a writable disk")


def _do(run: Run, command: list[str | Path], advice: str) -> None:
    done = run(command, more={"CI": "1"})
    if done.returncode != 0:
        if (free := shutil.disk_usage(ROOT).free) < LEAST_ROOM:
            advice = f"the disk of {ROOT} has {free // 2**20} MB left: make room"
        said = [line for line in f"{done.stdout}\n{done.stderr}".splitlines() if line.strip()]
        last = next((line.strip() for line in reversed(said) if "A complete log of this run" not in line), "no message")
        raise SetupError(f"{Path(command[0]).name} failed ({last[:200]}): {advice}")


def _terminal() -> str | None:
    """Return the line that puts everything on this terminal's PATH, None where it is there already."""
    python, pulumi, standard = shutil.which("python"), shutil.which("pulumi"), engine.standard_folder()
    lines = []
    if python is None or Path(python).parent != VENV / "bin":
        lines.append(f"source {shlex.quote(str(VENV / 'bin' / 'activate'))}")
    if pulumi is None or (Path(pulumi).parent != standard and engine.find() == standard):
        lines.append(f'export PATH="{standard}:$PATH"'.replace(f'"{Path.home()}/', '"$HOME/'))
    return "; ".join(lines) if lines else None
