"""Writes the page to a file. A file that is not a page of this program is never replaced."""

from __future__ import annotations

import os
from pathlib import Path

from backfill.errors import EXIT_USAGE, CommandError
from backfill.picture.page.document import START
from checks.run.output.files import replace_file


def check_page_file(path: Path) -> None:
    """Raise CommandError unless the page can be written to the path. Nothing is changed."""
    if str(path) == "-":
        raise CommandError("--html: standard output has the text. Name a file", EXIT_USAGE)
    if not path.name:
        raise CommandError("--html: the path is empty. Is a variable not set?", EXIT_USAGE)
    try:
        if path.exists() and not path.is_file():
            raise CommandError(f"--html: {path} is not a file. Choose another path", EXIT_USAGE)
        folder = path.resolve().parent
        if not folder.is_dir():
            raise CommandError(f"--html: no folder {folder}. Next: mkdir -p {folder}", EXIT_USAGE)
        if not os.access(folder, os.W_OK | os.X_OK):
            raise CommandError(f"--html: no permission to write to the folder {folder}", EXIT_USAGE)
        if path.exists():
            with path.open("rb") as file:
                if file.read(len(START)) != START.encode():
                    text = f"--html: {path} exists and is not a page of this command. Choose another path"
                    raise CommandError(text, EXIT_USAGE)
    except (OSError, ValueError) as error:
        raise _refuse(path, error) from None


def write_page(path: Path, page: str) -> None:
    """Write the page in one step. Raises CommandError."""
    check_page_file(path)
    try:
        replace_file(path, page)
    except OSError as error:
        raise _refuse(path, error) from None


def _refuse(path: Path, error: OSError | ValueError) -> CommandError:
    reason = error.strerror if isinstance(error, OSError) else error
    return CommandError(f"--html: cannot write {path}: {reason}", EXIT_USAGE)
