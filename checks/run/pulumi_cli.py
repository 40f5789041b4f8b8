"""Pulumi's engine, asked about a stack; its answer is captured, and what it prints is never shown but for one line."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

ENGINE_SECONDS = 120.0
STACK = re.compile(r"([\w.-]{1,100}/){0,2}[\w.-]{1,100}", re.ASCII)
UNKNOWN_STACK = ("no stack named", "invalid stack", "organization name must be")  # what the engine says of a wrong name
PROJECT = Path(__file__).resolve().parents[2]


class UnusableError(ValueError):
    """What was given is no manifest, or names no stack: a matter of usage. The message is one line."""


class UnreadableError(RuntimeError):
    """The promises cannot be read now, so that there is no verdict. The message is one line."""


def run_pulumi(stack: str, *command: str) -> subprocess.CompletedProcess[bytes]:
    """Run a command of the engine's on a stack; it is found on PATH or where Pulumi's tools install it.

    Raises UnusableError for what cannot be a stack's name, UnreadableError when the engine cannot be run.
    """
    if not STACK.fullmatch(stack):
        raise UnusableError(f"{stack!r} is no stack's name: letters, digits, - _ and ., or ORGANISATION/PROJECT/STACK")
    try:
        return subprocess.run(
            [find_pulumi(), *command, "--non-interactive", f"--stack={stack}"],
            cwd=PROJECT,
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


def convert_failure(command: Sequence[str], reason: str) -> UnusableError | UnreadableError:
    """Return what to raise for a command that failed: a wrong name of a stack is a matter of usage."""
    unknown = any(text in reason for text in UNKNOWN_STACK)
    return (UnusableError if unknown else UnreadableError)(f"{format_command(command)}: {reason}")


def read_reason(stderr: bytes) -> str:
    """Return the first error that the engine names, in one line."""
    lines = [line.strip() for line in stderr.decode("utf-8", "replace").splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith("error:")]
    return (errors or lines or ["it failed and did not say why"])[0].removeprefix("error:").strip()


def format_command(command: Sequence[str]) -> str:
    """Return a command's name as people know it, without its options."""
    return " ".join(["pulumi", *(word for word in command if not word.startswith("-"))])


def find_pulumi() -> str:
    """Return where the engine is; raises UnreadableError where it is not."""
    found = shutil.which("pulumi")
    if found:
        return found
    installed = sorted(
        (Path.home() / ".pulumi" / "versions").glob("*/bin/pulumi"), key=lambda path: _parse_version(path)
    )
    if not installed:
        raise UnreadableError("pulumi is not on PATH: run scripts/setup, or give --manifest FILE")
    return str(installed[-1])


def _parse_version(path: Path) -> tuple[int, ...]:
    numbers = path.parent.parent.name.split(".")
    return tuple(int(number) if number.isdigit() else -1 for number in numbers)
