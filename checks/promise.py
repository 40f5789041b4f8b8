"""Reading what was promised: from a stack of Pulumi's, from a file or from standard input."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from checks.credentials import Secret
from manifest import Manifest, ManifestError

ENGINE_SECONDS = 120.0
SIZE_LIMIT = 2**20  # bytes of a manifest
STACK = re.compile(r"([\w.-]{1,100}/){0,2}[\w.-]{1,100}", re.ASCII)
UNKNOWN = ("no stack named", "invalid stack", "organization name must be")  # what the engine says of a wrong name
PROJECT = Path(__file__).resolve().parent.parent


class UnusableError(ValueError):
    """What was given is no manifest, or names no stack: a matter of usage. The message is one line."""


class UnreadableError(RuntimeError):
    """The promises cannot be read now, so that there is no verdict. The message is one line."""


class _NoJsonError(ValueError):
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """A manifest, and the operator token that came with it."""

    manifest: Manifest
    operator_token: Secret | None = None


def from_file(path: str) -> Promise:
    """Read a manifest from a file, or from standard input when the path is ``-``."""
    try:
        if path == "-" and sys.stdin is None:
            raise UnusableError("manifest -: standard input is closed")
        if path == "-":
            raw = sys.stdin.buffer.read(SIZE_LIMIT + 1)
        else:
            with Path(path).open("rb") as file:
                raw = file.read(SIZE_LIMIT + 1)
    except OSError as error:
        raise UnusableError(f"manifest {path}: {error.strerror}") from None
    if len(raw) > SIZE_LIMIT:
        raise UnusableError(f"manifest {path}: more than {SIZE_LIMIT:,} bytes")
    try:
        return Promise(manifest=Manifest.from_dict(_parsed(raw)))
    except _NoJsonError:
        what = "it is no JSON" if raw.strip() else "it is empty"
        raise UnusableError(f"manifest {path}: {what}; pulumi stack output manifest --json writes one") from None
    except ManifestError as error:
        raise UnusableError(f"{path}: {error}") from None


def from_stack(stack: str) -> Promise:
    """Read a manifest from a stack's outputs; the engine is found on PATH or where Pulumi's tools install it."""
    if not STACK.fullmatch(stack):
        raise UnusableError(f"{stack!r} is no stack's name: letters, digits, - _ and ., or ORGANISATION/PROJECT/STACK")
    argv = [_engine(), "stack", "output", "--json", "--show-secrets", "--non-interactive", f"--stack={stack}"]
    try:
        done = subprocess.run(
            argv,
            cwd=PROJECT,
            env={**os.environ, "PULUMI_SKIP_UPDATE_CHECK": "true"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=ENGINE_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise UnreadableError(f"pulumi stack output: no answer within {ENGINE_SECONDS:g} s") from None
    except OSError as error:
        raise UnreadableError(f"pulumi cannot be run: {error.strerror}") from None
    if done.returncode:
        reason = _reason(done.stderr)
        unknown = any(text in reason for text in UNKNOWN)
        raise (UnusableError if unknown else UnreadableError)(f"pulumi stack output: {reason}")
    try:
        outputs = _parsed(done.stdout)
    except _NoJsonError:
        raise UnreadableError("pulumi stack output: it answered something that is no JSON") from None
    promised = outputs.get("manifest") if isinstance(outputs, dict) else None
    if promised is None:
        raise UnreadableError(f"stack {stack} has no output manifest: deploy it with pulumi up --stack {stack}")
    try:
        manifest = Manifest.from_dict(promised)
    except ManifestError as error:
        raise UnreadableError(f"stack {stack}: {error}; deploy it again with pulumi up --stack {stack}") from None
    token = outputs.get("operatorToken")
    return Promise(manifest=manifest, operator_token=Secret(token) if isinstance(token, str) and token else None)


def _engine() -> str:
    found = shutil.which("pulumi")
    if found:
        return found
    installed = sorted((Path.home() / ".pulumi" / "versions").glob("*/bin/pulumi"), key=lambda path: _version(path))
    if not installed:
        raise UnreadableError("pulumi is not on PATH: run scripts/setup, or give --manifest FILE")
    return str(installed[-1])


def _version(path: Path) -> tuple[int, ...]:
    numbers = path.parent.parent.name.split(".")
    return tuple(int(number) if number.isdigit() else -1 for number in numbers)


def _reason(stderr: bytes) -> str:
    lines = [line.strip() for line in stderr.decode("utf-8", "replace").splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith("error:")]
    return (errors or lines or ["it failed and did not say why"])[0].removeprefix("error:").strip()


def _parsed(raw: bytes) -> Any:
    try:
        return json.loads(raw)
    except (ValueError, RecursionError):
        raise _NoJsonError from None
