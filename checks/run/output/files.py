"""Writes a file, whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path


def replace_file(path: Path, text: str) -> None:
    """Replace the file in one step, because another program may read it at any time. A device is written directly.

    The file's new name begins with a dot, so that node_exporter does not read it. Raises OSError.
    """
    target = path.resolve()
    if target.exists() and not target.is_file():
        target.write_text(text, encoding="utf-8")
        return
    new = target.with_name(f".{target.name}.{os.getpid()}.new")
    try:
        new.write_text(text, encoding="utf-8")
        new.replace(target)
    except OSError:
        new.unlink(missing_ok=True)
        raise
