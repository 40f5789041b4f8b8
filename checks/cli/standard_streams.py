"""Writes to standard output and standard error, which may be closed, full or without a reader."""

from __future__ import annotations

import errno
import os
import sys
from typing import NoReturn, TextIO

import click


class OutputError(OSError):
    """Standard output cannot be written."""


def is_terminal() -> bool:
    """Return whether standard output is a terminal."""
    return sys.stdout is not None and sys.stdout.isatty()


def write(text: str) -> None:
    """Write to standard output at once. Raises OSError where it is closed, full or without a reader."""
    if sys.stdout is None:  # it was closed before this process began
        raise OutputError(errno.EBADF, "it is closed")
    encoding = sys.stdout.encoding or "utf-8"
    try:
        click.echo(text.encode(encoding, "backslashreplace").decode(encoding), nl=False, color=True)
    except OSError as error:
        silence(sys.stdout)
        text = "closed by its reader" if isinstance(error, BrokenPipeError) else str(error.strerror)
        raise OutputError(errno.EIO, text) from None  # at EPIPE click would exit with 1 (a failed check)


def exit_with_error(text: str, code: int) -> NoReturn:
    """Write one redacted line to standard error, and end the process with an exit code."""
    _write_line(f"error: {text}")
    sys.exit(code)


def warn(text: str) -> None:
    """Write one redacted line to standard error."""
    _write_line(f"warning: {text}")


def _write_line(text: str) -> None:
    from checks.model.credentials import list_secrets
    from checks.model.redaction import Redactor

    line = Redactor(list_secrets(os.environ)).redact_line(text)
    try:
        click.echo(line.encode("ascii", "backslashreplace").decode(), err=True)
    except OSError:  # standard error cannot be written either. The exit code remains
        silence(sys.stderr)


def silence(stream: TextIO) -> None:
    """Redirect a stream to the null device, so that its buffer cannot fail at the end and change the exit code."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
