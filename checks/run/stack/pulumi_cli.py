"""Runs Pulumi's engine on a stack. Its output is captured, and at most one line of it is shown."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ENGINE_SECONDS = 120.0
STACK = re.compile(r"([\w.-]{1,100}/){0,2}[\w.-]{1,100}", re.ASCII)
UNKNOWN_STACK = (
    "no stack named",
    "invalid stack",
    "organization name must be",
)  # the engine's messages for a wrong name
WRONG_SETTING = re.compile(r"\S+( or \S+)?: expected |.* is not a setting: |.*: replaced by sites")  # of the program
PROJECT = Path(__file__).resolve().parents[3]


class UnusableError(ValueError):
    """A usage error: an unusable manifest, or an unknown stack. The message is one line."""


class UnreadableError(RuntimeError):
    """The manifest cannot be read now, so the run is inconclusive. The message is one line."""


def run_pulumi(stack: str, *command: str) -> subprocess.CompletedProcess[bytes]:
    """Run a command of the engine on a stack. The engine is on PATH, or in the folder of Pulumi's own tools.

    Raises UnusableError for an impossible stack name, UnreadableError where the engine cannot be run.
    """
    if not STACK.fullmatch(stack):
        raise UnusableError(
            f"{stack!r} is not a stack name. Expected letters, digits, - _ and ., or ORGANISATION/PROJECT/STACK"
        )
    try:
        return subprocess.run(
            [find_pulumi(), *command, "--non-interactive", f"--stack={stack}"],
            cwd=find_project(),
            env={**os.environ, "PULUMI_SKIP_UPDATE_CHECK": "true"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=ENGINE_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise UnreadableError(f"{format_command(command)}: no answer within {ENGINE_SECONDS:g} s") from None
    except OSError as error:
        raise UnreadableError(f"pulumi cannot be run: {error.strerror}") from None


def read_json(stack: str, *command: str) -> Any:
    """Return the JSON that a command of the engine prints. Raises UnusableError or UnreadableError, in one line."""
    done = run_pulumi(stack, *command)
    if done.returncode:
        raise convert_failure(command, read_reason(done.stderr))
    try:
        return json.loads(done.stdout)
    except (ValueError, RecursionError):
        raise UnreadableError(f"{format_command(command)}: the answer is not JSON") from None


def convert_failure(command: Sequence[str], reason: str) -> UnusableError | UnreadableError:
    """Return the exception for a failed command. An unknown stack is a usage error, and so is a wrong setting."""
    reason = reason.removeprefix("error: ")
    text = f"{format_command(command)}: {reason}"
    if WRONG_SETTING.match(reason):
        return UnusableError(text)
    if any(part in reason for part in UNKNOWN_STACK):
        return UnusableError(f"{text}. `pulumi stack ls` lists the stacks of this backend")
    return UnreadableError(text)


def read_reason(stderr: bytes) -> str:
    """Return the first error of the engine, in one line."""
    lines = [line.strip() for line in stderr.decode("utf-8", "replace").splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith("error:")]
    return (errors or lines or ["it failed without a message"])[0].removeprefix("error:").strip()


def format_command(command: Sequence[str]) -> str:
    """Return a command without its options, for a message."""
    return " ".join(["pulumi", *(word for word in command if not word.startswith("-"))])


def find_project() -> Path | None:
    """Return the folder of the Pulumi program: this checkout, or None for the current folder without one."""
    return PROJECT if (PROJECT / "Pulumi.yaml").is_file() else None


def find_pulumi() -> str:
    """Return the path of the engine. Raises UnreadableError where it is not installed."""
    found = shutil.which("pulumi")
    if found:
        return found
    try:
        home = Path.home()
    except RuntimeError:  # neither HOME nor the system names a home
        home = None
    engines = [] if home is None else [*(home / ".pulumi" / "versions").glob("*/bin/pulumi")]
    installed = sorted(engines, key=_parse_version)
    if not installed:
        raise UnreadableError("pulumi is not on PATH. Run scripts/setup in the checkout, or use --manifest FILE")
    return str(installed[-1])


def _parse_version(path: Path) -> tuple[int, ...]:
    numbers = path.parent.parent.name.split(".")
    return tuple(int(number) if number.isdigit() else -1 for number in numbers)
