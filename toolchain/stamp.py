"""The stamp of an installed folder: what it was installed from, and which files that gave."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

NAME = ".set-up.json"
_UNCOUNTED = {"__pycache__", NAME}  # made anew by who needs it


class Stamp:
    """Says whether a folder still is what was installed there; written last, so that half an installation has none."""

    def __init__(self, folder: Path, inputs: list[Path]) -> None:
        digest = hashlib.sha256()
        for item in inputs:
            digest.update(item.read_bytes())
        folder = folder.resolve()  # several checkouts may share one by a link; it has not moved then
        self._folder, self._file, self._digest = folder, folder / NAME, digest.hexdigest()

    def current(self) -> bool:
        """Return whether it was installed from these inputs."""
        return self._read().get("inputs") == self._digest

    def damage(self) -> str | None:
        """Return in a few words why it can only be made anew: none ("") where it never was whole, None where it is.

        Files that came later are nobody's business; contents are not read, sizes are.
        """
        stamp = self._read()
        if not stamp:
            return ""
        if stamp["folder"] != str(self._folder):
            return f"moved here from {stamp['folder']}"
        for name, size in stamp["files"].items():
            try:
                found = os.lstat(f"{self._folder}/{name}").st_size
            except OSError:
                return f"{name} is gone"
            if found != size:
                return f"{name} was changed"
        return None

    def forget(self) -> None:
        """Take the stamp away, before the folder is touched."""
        self._file.unlink(missing_ok=True)

    def write(self) -> None:
        """Stamp the folder as it is."""
        stamp = {"folder": str(self._folder), "inputs": self._digest, "files": dict(_files(str(self._folder)))}
        self._file.write_text(json.dumps(stamp))

    def _read(self) -> dict[str, Any]:
        try:
            stamp: dict[str, Any] = json.loads(self._file.read_text())
        except (OSError, ValueError):
            return {}
        return stamp


def _files(top: str, inner: str = "") -> Iterator[tuple[str, int]]:
    """Yield the path, from ``top``, and the size of each file; strings, because there are thousands."""
    with os.scandir(f"{top}/{inner}") as entries:
        for entry in entries:
            if entry.name in _UNCOUNTED:
                continue
            if entry.is_dir(follow_symlinks=False):
                yield from _files(top, f"{inner}{entry.name}/")
            else:
                yield f"{inner}{entry.name}", entry.stat(follow_symlinks=False).st_size
