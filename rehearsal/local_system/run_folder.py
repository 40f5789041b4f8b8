"""The temporary folder of a run: locked while the run lives, and removed by the next run when it was left behind."""

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
def open_run_folder(*, keep: bool = False) -> Iterator[Path]:
    """Remove the folders of dead runs, make a new folder, and remove it at the end unless ``keep`` is set."""
    with ExitStack() as held:
        with Path(tempfile.gettempdir(), f"{_PREFIX}folders").open("w") as folders:
            fcntl.flock(folders, fcntl.LOCK_EX)  # one run at a time makes or removes folders
            _remove_dead_folders()
            folder = Path(tempfile.mkdtemp(prefix=_PREFIX))
            fcntl.flock(held.enter_context((folder / _LOCK).open("w")), fcntl.LOCK_EX)
        if keep:
            (folder / "keep").touch()
        try:
            yield folder
        finally:
            if not keep:
                shutil.rmtree(folder, ignore_errors=True)


def _remove_dead_folders() -> None:
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*/"):
        if (folder / "keep").exists():
            continue
        try:
            with (folder / _LOCK).open("a") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder, ignore_errors=True)
        except OSError:  # its run lives
            continue
