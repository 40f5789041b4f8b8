"""The stamp of an installed folder: a digest of its sources, and the sizes of its files."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

NAME = ".set-up.json"
_UNCOUNTED = {"__pycache__", NAME}  # made again when it is needed


class Stamp:
    """Tells whether an installed folder is complete and current. Half an installation has no stamp."""

    def __init__(self, folder: Path, inputs: list[Path]) -> None:
        digest = hashlib.sha256()
        for item in inputs:
            digest.update(item.read_bytes())
        folder = folder.resolve()  # several checkouts may share one folder by a link
        self._folder, self._file, self._digest = folder, folder / NAME, digest.hexdigest()

    def current(self) -> bool:
        """Returns whether the folder was installed from these inputs."""
        return self._read().get("inputs") == self._digest

    def damage(self) -> str | None:
        """Returns the reason to install the folder again: "" if it was never complete, None if it is complete.

        It compares names and sizes. It reads no contents and ignores files that were added later.
        """
        stamp = self._read()
        if not stamp:
            return ""
        if stamp["folder"] != str(self._folder):
            return f"moved from {stamp['folder']}"
        for name, size in stamp["files"].items():
            try:
                found = os.lstat(f"{self._folder}/{name}").st_size
            except OSError:
                return f"{name} is gone"
            if found != size:
                return f"{name} was changed"
        return None

    def forget(self) -> None:
        """Removes the stamp, before the folder changes."""
        self._file.unlink(missing_ok=True)

    def write(self) -> None:
        """Writes the stamp of the folder as it is now."""
        stamp = {"folder": str(self._folder), "inputs": self._digest, "files": dict(_files(str(self._folder)))}
        self._file.write_text(json.dumps(stamp))

    def _read(self) -> dict[str, Any]:
        try:
            stamp: dict[str, Any] = json.loads(self._file.read_text())
        except (OSError, ValueError):
            return {}
        return stamp


def _files(top: str, inner: str = "") -> Iterator[tuple[str, int]]:
    """Yields the path, relative to ``top``, and the size of each file. There are thousands, so paths are strings."""
    with os.scandir(f"{top}/{inner}") as entries:
        for entry in entries:
            if entry.name in _UNCOUNTED:
                continue
            if entry.is_dir(follow_symlinks=False):
                yield from _files(top, f"{inner}{entry.name}/")
            else:
                yield f"{inner}{entry.name}", entry.stat(follow_symlinks=False).st_size
