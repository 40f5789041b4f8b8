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
PACKAGES = ROOT / "requirements-dev.txt"  # holds the packages of requirements.txt too
INSTALLER = ROOT / "toolchain" / "uv.txt"
EDGE = ROOT / "rehearsal" / "edge"
WORKERS = ROOT / "workers"
MIN_NODE = 20
MIN_DISK_SPACE = 100 * 2**20  # bytes. With less free space, the disk is the likely cause of a failure
HEARTBEAT = 30.0  # seconds between two lines of a long step

Say = Callable[[str], None]


class SetupError(Exception):
    """A part cannot be set up. The message is one line and says the next step."""


def main(then: Sequence[str] = ()) -> int:
    """Sets everything up, then becomes the command ``then`` or prints the line that this terminal still needs.

    Returns 0, 1 with one line for each part that failed, 2 for wrong usage, or 128 + n when signal n ended it.
    """
    if then and then[0].startswith("-"):
        return _report_misuse(then[0], "it has no options")
    with _lock_checkout() as lock:
        children = Children(lock)
        with children.ended_by_signals():
            ready = _set_up_all(children.run)
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
    _print_line(
        f"set-up: {argument!r}: {why}. Usage: scripts/setup [COMMAND...]. It runs the command when everything is set up"
    )
    return 2


def _set_up_all(run: Run) -> bool:
    with ThreadPoolExecutor() as pool:
        python = pool.submit(_run_timed, "python", lambda say: _set_up_python(say, run))
        steps: list[Future[bool]] = [
            python,
            pool.submit(_run_timed, "workers", lambda say: _install_packages(WORKERS, say, run)),
            pool.submit(_run_timed, "node", lambda say: _set_up_node(say, run)),
            pool.submit(_run_timed, "engine", lambda say: _set_up_engine(python, say, run)),
        ]
        return all(step.result() for step in steps)


@contextmanager
def _lock_checkout() -> Iterator[int]:
    with (ROOT / "toolchain" / "setup.py").open() as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            _print_line("set-up: waiting for another set-up of this checkout ...")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield lock.fileno()


def _print_line(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


def _run_timed(part: str, step: Callable[[Say], bool]) -> bool:
    def say(text: str) -> None:
        _print_line(f"set-up: {part:<7} {text}")

    started = time.monotonic()
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(step, say)
        while not _wait_for(running, HEARTBEAT):
            say(f"... still running after {time.monotonic() - started:.0f} s")
        try:
            if running.result():
                say(f"ready in {time.monotonic() - started:.1f} s")
        except Interrupted:
            return False
        except (SetupError, engine.EngineError, OSError) as error:
            say(f"FAILED: {error}")
            return False
    return True


def _wait_for(running: Future[bool], seconds: float) -> bool:
    try:
        running.exception(timeout=seconds)
    except TimeoutError:
        return running.done()
    return True


def _set_up_python(say: Say, run: Run) -> bool:
    python = VENV / "bin" / "python"
    stamp = Stamp(VENV, [PACKAGES, INSTALLER])
    damage = stamp.damage() if python.exists() else ""
    if damage is None and stamp.current():
        return False
    _require_writable(ROOT)
    if VENV.is_symlink():  # the folder of another checkout must not change
        VENV.unlink()
        return _set_up_python(say, run)
    say(f"virtual environment and packages{f' ({damage})' if damage else ''} ...")
    stamp.forget()
    if damage is not None:  # an installer would trust the metadata of half a package
        _run_or_raise(
            run, [sys.executable, "-m", "venv", "--clear", VENV], "install Python's venv module (python3-venv)"
        )
    _install_requirements(python, say, run)
    stamp.write()
    return True


def _install_requirements(python: Path, say: Say, run: Run) -> None:
    """Installs the packages with uv, or with pip where uv has no build or cannot reach pip's package index."""
    hashed = ["install", "--quiet", "--require-hashes", "-r"]
    # Copies: uv's default are hard links, and an edited package would then be damaged in uv's cache too.
    options = ["--link-mode=copy", "--compile-bytecode"]
    try:
        _run_or_raise(run, [python, "-m", "pip", *hashed, INSTALLER, "--only-binary", ":all:"], "")
        _run_or_raise(run, [VENV / "bin" / "uv", "pip", *hashed, PACKAGES, *options, "--python", python], "")
    except (SetupError, OSError) as error:
        say(f"packages: uv cannot install them, so pip does ({str(error).removesuffix(': ')}) ...")
        _run_or_raise(run, [python, "-m", "pip", *hashed, PACKAGES], "is the package index reachable?")


def _set_up_node(say: Say, run: Run) -> bool:
    """Installs the packages of the rehearsal, and links them for `npx wrangler` at the top of the checkout."""
    link = ROOT / "node_modules"
    installed = _install_packages(EDGE, say, run)
    if link.exists() and not installed:
        return False
    link.unlink(missing_ok=True)
    link.symlink_to(EDGE.relative_to(ROOT) / "node_modules")
    return True


def _install_packages(folder: Path, say: Say, run: Run) -> bool:
    """Installs the Node packages of a folder with a package-lock.json. Returns False when they are there."""
    packages, lock = folder / "node_modules", folder / "package-lock.json"
    if not lock.exists():
        return False
    stamp = Stamp(packages, [lock])
    damage = stamp.damage()
    if damage is None and stamp.current():
        return False
    npm = _find_npm(run)
    _require_writable(folder)
    if packages.is_symlink():  # the folder of another checkout must not change
        packages.unlink()
        return _install_packages(folder, say, run)
    say(f"packages{f' ({damage})' if damage else ''} ...")
    stamp.forget()
    options = ["--no-audit", "--no-fund", "--loglevel=error", "--prefix"]
    _run_or_raise(run, [npm, "ci", *options, folder], "is npm's registry reachable?")
    stamp.write()
    return True


def _find_npm(run: Run) -> str:
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        raise SetupError(f"{'npm' if node else 'Node'} is missing: install Node {MIN_NODE} or newer with npm")
    version = run([node, "--version"]).stdout.strip()
    major = version.removeprefix("v").partition(".")[0]
    if not major.isdigit() or int(major) < MIN_NODE:
        raise SetupError(f"Node {version or 'of unknown version'} is too old: install Node {MIN_NODE} or newer")
    return npm


def _set_up_engine(python: Future[bool], say: Say, run: Run) -> bool:
    if engine.find() is not None:
        return False
    if not python.result():
        raise SetupError("needs the Python packages first")
    engine.install(VENV / "bin" / "python", say, run)
    return True


def _require_writable(folder: Path) -> None:
    if not os.access(folder, os.W_OK):
        raise SetupError(f"{folder} cannot be written to: set up in your own checkout on a writable disk")


def _run_or_raise(run: Run, command: list[str | Path], advice: str) -> None:
    done = run(command, more={"CI": "1"})
    if done.returncode != 0:
        if (free := shutil.disk_usage(ROOT).free) < MIN_DISK_SPACE:
            advice = f"the disk of {ROOT} has {free // 2**20} MB left: free some space"
        said = [line for line in f"{done.stdout}\n{done.stderr}".splitlines() if line.strip()]
        last = next((line.strip() for line in reversed(said) if "A complete log of this run" not in line), "no message")
        raise SetupError(f"{Path(command[0]).name} failed ({last[:200]}): {advice}")


def _line_for_terminal() -> str | None:
    """Returns the line that puts everything on the PATH of this terminal, or None if it is there already."""
    python, pulumi, standard = shutil.which("python"), shutil.which("pulumi"), engine.standard_folder()
    lines = []
    if python is None or Path(python).parent != VENV / "bin":
        lines.append(f"source {shlex.quote(str(VENV / 'bin' / 'activate'))}")
    if pulumi is None or (Path(pulumi).parent != standard and engine.find() == standard):
        lines.append(f'export PATH="{standard}:$PATH"'.replace(f'"{Path.home()}/', '"$HOME/'))
    return "; ".join(lines) if lines else None
