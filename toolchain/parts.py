"""The parts of set-up: Python, Node packages, engine. Each function returns False when its part is complete already."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path

from toolchain import engine, node
from toolchain.children import Run
from toolchain.stamp import Stamp

ROOT = engine.ROOT
VENV = ROOT / ".venv"
PRODUCTION = ROOT / "requirements.txt"
DEVELOPMENT = ROOT / "requirements-dev.txt"  # holds the packages of PRODUCTION too
INSTALLER = ROOT / "toolchain" / "uv.txt"
EDGE = ROOT / "rehearsal" / "edge"
WORKERS = ROOT / "workers"
MIN_DISK_SPACE = 100 * 2**20  # bytes. With less free space, the disk is the likely cause of a failure

Say = Callable[[str], None]


class SetupError(Exception):
    """A part cannot be set up. The message is one line and says the next step."""


def set_up_python(say: Say, run: Run, *, production: bool = False) -> bool:
    """Makes the virtual environment and installs the Python packages.

    ``production`` leaves out the test tools. An environment that has them keeps them.
    """
    python = VENV / "bin" / "python"
    packages = PRODUCTION if production and not (VENV / "bin" / "pytest").exists() else DEVELOPMENT
    stamp = Stamp(VENV, [packages, INSTALLER])
    damage = stamp.damage() if python.exists() else ""
    if damage is None and stamp.current():
        return False
    _require_writable(ROOT)
    if VENV.is_symlink():  # the folder of another checkout must not change
        VENV.unlink()
        return set_up_python(say, run, production=production)
    say(f"virtual environment and packages{f' ({damage})' if damage else ''} ...")
    stamp.forget()
    if damage is not None:  # an installer would trust the metadata of half a package
        _run_or_raise(
            run, [sys.executable, "-m", "venv", "--clear", VENV], "install Python's venv module (python3-venv)"
        )
    _install_requirements(python, packages, say, run)
    stamp.write()
    return True


def _install_requirements(python: Path, packages: Path, say: Say, run: Run) -> None:
    """Installs the packages with uv, or with pip where uv has no build or cannot reach pip's package index."""
    hashed = ["install", "--quiet", "--require-hashes", "-r"]
    # Copies: uv's default are hard links, and an edited package would then be damaged in uv's cache too.
    options = ["--link-mode=copy", "--compile-bytecode"]
    try:
        _run_or_raise(run, [python, "-m", "pip", *hashed, INSTALLER, "--only-binary", ":all:"], "")
        _run_or_raise(run, [VENV / "bin" / "uv", "pip", *hashed, packages, *options, "--python", python], "")
    except (SetupError, OSError) as error:
        say(f"packages: uv cannot install them, so pip does ({str(error).removesuffix(': ')}) ...")
        _run_or_raise(run, [python, "-m", "pip", *hashed, packages], "is the package index reachable?")


def set_up_node(say: Say, run: Run) -> bool:
    """Installs the packages of the rehearsal, and links them for `npx wrangler` at the top of the checkout.

    The rehearsal gets a Node of its own where the system's is too old for its packages.
    """
    link = ROOT / "node_modules"
    renewed = _install_node(say, run)
    installed = install_packages(EDGE, say, run)
    if link.exists() and not installed:
        return renewed
    link.unlink(missing_ok=True)
    link.symlink_to(EDGE.relative_to(ROOT) / "node_modules")
    return True


def _install_node(say: Say, run: Run) -> bool:
    """Installs the Node of the rehearsal. Returns False when it is there, or when the system's Node is new enough."""
    system, minimum = shutil.which("node"), node.describe(node.MIN_REHEARSAL)
    if system is None or node.is_new_enough(system):
        return False
    installed = install_packages(
        node.FOLDER, lambda text: say(f"Node for the rehearsal, which needs {minimum} or newer: {text}"), run
    )
    if node.find() is None:
        raise SetupError(f"npm has no Node for this platform: install Node {minimum} or newer")
    return installed


def install_packages(folder: Path, say: Say, run: Run) -> bool:
    """Installs the Node packages of a folder with a package-lock.json. Returns False when they are there."""
    packages, lock = folder / "node_modules", folder / "package-lock.json"
    stamp = Stamp(packages, [lock])
    damage = stamp.damage()
    if damage is None and stamp.current():
        return False
    npm = _find_npm()
    _require_writable(folder)
    if packages.is_symlink():  # the folder of another checkout must not change
        packages.unlink()
        return install_packages(folder, say, run)
    say(f"packages{f' ({damage})' if damage else ''} ...")
    stamp.forget()
    # The system's npm installs packages that a newer Node runs.
    options = ["--no-audit", "--no-fund", "--loglevel=error", "--engine-strict=false", "--prefix"]
    _run_or_raise(run, [npm, "ci", *options, folder], "is npm's registry reachable?")
    stamp.write()
    return True


def _find_npm() -> str:
    system, npm, minimum = shutil.which("node"), shutil.which("npm"), node.describe(node.MIN_SYSTEM)
    if system is None or npm is None:
        raise SetupError(f"{'npm' if system else 'Node'} is missing: install Node {minimum} or newer with npm")
    if not node.is_new_enough(system, node.MIN_SYSTEM):
        version = node.read_version(system) or "of unknown version"
        raise SetupError(f"Node {version} is too old: install Node {minimum} or newer")
    return npm


def set_up_engine(python: Future[bool], say: Say, run: Run) -> bool:
    """Install the pinned engine, once the Python packages are there."""
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
