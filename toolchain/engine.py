"""The Pulumi engine: which version is pinned, where it lies, and how it is got where it is missing."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
_VERSION_LIMIT = 30.0  # seconds
_INSTALLER_LIMIT = 300.0  # seconds; without a network it fails at once, behind a silent firewall it hangs


class EngineError(Exception):
    """The engine cannot be had; the message says in one line what to do."""


def pinned() -> str:
    """Return the pinned version: the SDK's in requirements.txt, which the engine must match."""
    found = re.search(r"^pulumi==(\S+)", (ROOT / "requirements.txt").read_text(), re.MULTILINE)
    if found is None:
        raise EngineError("requirements.txt: no line pulumi==<version>")
    return found[1]


def standard_folder() -> Path:
    """Return where Pulumi's own tools look for the pinned engine."""
    return Path.home() / ".pulumi" / "versions" / pinned() / "bin"


def find() -> Path | None:
    """Return the folder of an engine that is at least the pinned version: on PATH, else in the standard place."""
    on_path = shutil.which("pulumi")
    for folder in ([Path(on_path).parent] if on_path else []) + [standard_folder()]:
        version = _version(folder / "pulumi")
        if version is not None and _newer_or_same(version, pinned()):
            return folder
    return None


def install(python: Path, say: Callable[[str], None]) -> Path:
    """Get the pinned engine by its official installer, else by a build from Go modules; return its folder.

    Raises EngineError when neither is possible.
    """
    target = standard_folder()
    say("official installer ...")
    command: list[str | Path] = [python, "-c", "import pulumi.automation as a; a.PulumiCommand.install()"]
    try:
        subprocess.run(command, capture_output=True, check=True, timeout=_INSTALLER_LIMIT, stdin=subprocess.DEVNULL)
    except (subprocess.SubprocessError, OSError):
        say("the installer cannot be reached: building the engine from Go modules (6 to 10 minutes, once) ...")
        _build(target)
    if _version(target / "pulumi") is None:
        raise EngineError(f"{target / 'pulumi'} does not run: remove {target.parent} and run this again")
    return target


def _build(target: Path) -> None:
    go = shutil.which("go")
    if go is None:
        raise EngineError("Go is missing, and is needed to build the Pulumi engine: install Go 1.26 or newer")
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target, prefix=".build-") as folder:
        built = Path(folder, "pulumi")
        flags = f"-s -w -X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=v{pinned()}"
        command: list[str | Path] = [
            go,
            "build",
            "-ldflags",
            flags,
            "-o",
            built,
            "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi",
        ]
        done = subprocess.run(
            command,
            cwd=ROOT / "toolchain",
            env={**os.environ, "CGO_ENABLED": "0", "GOWORK": "off"},
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
        )
        if done.returncode != 0:
            last = (done.stderr.strip().splitlines() or ["no message"])[-1]
            raise EngineError(f"go build of the Pulumi engine failed: {last}")
        built.replace(target / "pulumi")


def _version(pulumi: Path) -> str | None:
    environment = {**os.environ, "PULUMI_SKIP_UPDATE_CHECK": "true"}
    try:
        done = subprocess.run(
            [pulumi, "version"],
            capture_output=True,
            text=True,
            check=True,
            env=environment,
            stdin=subprocess.DEVNULL,
            timeout=_VERSION_LIMIT,
        )
    except (subprocess.SubprocessError, OSError):
        return None
    return done.stdout.strip().removeprefix("v")


def _newer_or_same(version: str, other: str) -> bool:
    def numbers(text: str) -> list[int]:
        return [int(part) for part in re.findall(r"\d+", text.partition("-")[0])]

    return numbers(version) >= numbers(other)
