"""The Pulumi engine: its pinned version, its folder, and its installation."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

from toolchain.children import Run

ROOT = Path(__file__).resolve().parent.parent
_STAMP = ".set-up"  # beside the standard folder: the engine that ran
_VERSION_LIMIT = 30.0  # seconds
_ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_INSTALLER_LIMIT = 300.0  # seconds. It fails at once without a network, and hangs behind a silent firewall


class EngineError(Exception):
    """The engine cannot be installed. The message is one line and says the next step."""


def pinned() -> str:
    """Returns the pinned version: the version of the SDK in requirements.txt."""
    found = re.search(r"^pulumi==(\S+)", (ROOT / "requirements.txt").read_text(), re.MULTILINE)
    if found is None:
        raise EngineError("requirements.txt: no line pulumi==<version>")
    return found[1]


def standard_folder() -> Path:
    """Returns the folder in which Pulumi's own tools look for the pinned engine."""
    return Path.home() / ".pulumi" / "versions" / pinned() / "bin"


def find() -> Path | None:
    """Returns the folder of an engine with at least the pinned version, from PATH or from the standard folder.

    Raises EngineError when an engine was interrupted before it printed its version, because it may be a good one.
    """
    on_path = shutil.which("pulumi")
    standard = standard_folder()
    for folder in ([Path(on_path).parent] if on_path else []) + [standard]:
        if folder == standard and _has_run_before(folder / "pulumi"):
            return folder
        version = _version(folder / "pulumi")
        if version is not None and _newer_or_same(version, pinned()):
            if folder == standard:
                _remember(folder / "pulumi")
            return folder
    return None


def install(python: Path, say: Callable[[str], None], run: Run) -> Path:
    """Installs the pinned engine with its official installer or builds it from Go modules, and returns its folder.

    Raises EngineError when neither is possible.
    """
    target = standard_folder()
    say("official installer ...")
    command: list[str | Path] = [python, "-c", "import pulumi.automation as a; a.PulumiCommand.install()"]
    if not _succeeds(run, command):
        say("the installer cannot be reached: building the engine from Go modules (6 to 10 minutes, once) ...")
        _build(target, run)
    if _version(target / "pulumi") is None:
        raise EngineError(f"{target / 'pulumi'} does not run: remove {target.parent} and run this again")
    return target


def _succeeds(run: Run, command: list[str | Path]) -> bool:
    try:
        return run(command, limit=_INSTALLER_LIMIT).returncode == 0
    except (subprocess.TimeoutExpired, OSError):
        return False


def _build(target: Path, run: Run) -> None:
    go = shutil.which("go")
    if go is None:
        raise EngineError(
            f"Go is missing, and is needed to build the Pulumi engine: install Go 1.26 or newer, "
            f"or the Pulumi CLI {pinned()} or newer itself: https://www.pulumi.com/docs/install/"
        )
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target, prefix=".build-") as folder:
        built = Path(folder, "pulumi")
        flags = f"-s -w -X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=v{pinned()}"
        source = "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"
        done = run(
            [go, "build", "-ldflags", flags, "-o", built, source],
            folder=ROOT / "toolchain",
            more={"CGO_ENABLED": "0", "GOWORK": "off"},
        )
        if done.returncode != 0:
            last = (done.stderr.strip().splitlines() or ["no message"])[-1]
            raise EngineError(f"go build of the Pulumi engine failed: {last}")
        built.replace(target / "pulumi")


def _has_run_before(pulumi: Path) -> bool:
    """Returns whether this very file printed a version that is new enough, in an earlier set-up.

    Only for the standard folder, because a program elsewhere on PATH may choose a version by the current folder.
    """
    try:
        return os.access(pulumi, os.X_OK) and (pulumi.parent.parent / _STAMP).read_text() == _describe_file(pulumi)
    except OSError:
        return False


def _remember(pulumi: Path) -> None:
    with contextlib.suppress(OSError):  # a folder that cannot be written to is asked each time
        (pulumi.parent.parent / _STAMP).write_text(_describe_file(pulumi))


def _describe_file(file: Path) -> str:
    about = file.stat()
    return f"{about.st_size} bytes, inode {about.st_ino}, changed {about.st_mtime_ns} and {about.st_ctime_ns}\n"


def _version(pulumi: Path) -> str | None:
    environment = {**os.environ, "PULUMI_SKIP_UPDATE_CHECK": "true"}
    try:
        done = subprocess.run(
            [pulumi, "version"],
            capture_output=True,
            text=True,
            check=False,
            env=environment,
            stdin=subprocess.DEVNULL,
            timeout=_VERSION_LIMIT,
            start_new_session=True,  # with Ctrl-C of the terminal, the engine would look broken
        )
    except (subprocess.SubprocessError, OSError):
        return None
    if -done.returncode in _ENDINGS:
        raise EngineError(f"{pulumi} was interrupted: run this again")
    return None if done.returncode != 0 else done.stdout.strip().removeprefix("v")


def _newer_or_same(version: str, other: str) -> bool:
    def numbers(text: str) -> list[int]:
        return [int(part) for part in re.findall(r"\d+", text.partition("-")[0])]

    return numbers(version) >= numbers(other)
