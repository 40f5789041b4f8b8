"""A run's own temporary folder: locked while the run lives, swept by the next run when it was left behind."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

_PREFIX = f"building-vitals-{os.getuid()}-"
_LOCK = "lock"


@contextmanager
def run_folder(*, keep: bool = False) -> Iterator[Path]:
    """Sweep what dead runs left, then give a new folder; remove it at the end unless it is to be kept."""
    with ExitStack() as held:
        with Path(tempfile.gettempdir(), f"{_PREFIX}gate").open("w") as gate:
            fcntl.flock(gate, fcntl.LOCK_EX)  # one run at a time makes its folder or sweeps
            _sweep()
            folder = Path(tempfile.mkdtemp(prefix=_PREFIX))
            fcntl.flock(held.enter_context((folder / _LOCK).open("w")), fcntl.LOCK_EX)
        if keep:
            (folder / "keep").touch()
        try:
            yield folder
        finally:
            if not keep:
                shutil.rmtree(folder, ignore_errors=True)


def _sweep() -> None:
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*/"):
        if (folder / "keep").exists():
            continue
        try:
            with (folder / _LOCK).open("a") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder, ignore_errors=True)
        except OSError:  # alive
            continue
