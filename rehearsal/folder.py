"""A run's own temporary folder: locked while the run lives, swept by the next run when it was left behind."""

from __future__ import annotations

import fcntl
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_PREFIX = "building-vitals-"
_LOCK = "lock"


@contextmanager
def run_folder(*, keep: bool = False) -> Iterator[Path]:
    """Sweep what dead runs left, then give a new folder; remove it at the end unless it is to be kept."""
    _sweep()
    folder = Path(tempfile.mkdtemp(prefix=_PREFIX))
    with (folder / _LOCK).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if keep:
            (folder / "keep").touch()
        try:
            yield folder
        finally:
            if not keep:
                shutil.rmtree(folder, ignore_errors=True)


def _sweep() -> None:
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        if (folder / "keep").exists():
            continue
        try:
            with (folder / _LOCK).open("r+") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder, ignore_errors=True)
        except OSError:  # alive, half made, or somebody else's
            continue
