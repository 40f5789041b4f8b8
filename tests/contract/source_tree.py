"""The tracked files of the working tree or of a commit, for tests and benchmarks that count in them."""

from __future__ import annotations

import io
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).resolve().parents[2]
GENERATED = ("workers/dist/", "package-lock.json", "go.sum", "requirements.txt", "requirements-dev.txt", "uv.txt")


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceTree:
    """A folder and the paths of the tracked files in it, with ``/`` and relative to the folder."""

    root: Path
    paths: tuple[str, ...]

    def read(self, path: str) -> str:
        """Returns the text of a file."""
        return (self.root / path).read_text(encoding="utf-8")

    def shipped(self, *suffixes: str) -> list[str]:
        """Returns the paths of shipped files with these suffixes: no tests, no generated files. "" is no suffix."""
        return [path for path in self.paths if is_shipped(path) and PurePosixPath(path).suffix in suffixes]

    def tests(self) -> list[str]:
        """Returns the paths of the Python files of the tests."""
        return [path for path in self.paths if path.startswith("tests/") and path.endswith(".py")]

    def modules(self) -> dict[str, str]:
        """Returns the shipped Python modules: dotted name -> path. A package has the name of its folder."""
        return {module_name(path): path for path in self.shipped(".py")}


def is_shipped(path: str) -> bool:
    """Returns whether a file is shipped: written by us, and not a test."""
    return not path.startswith("tests/") and "node_modules/" not in path and not _is_generated(path)


def _is_generated(path: str) -> bool:
    return path.startswith(GENERATED[0]) or PurePosixPath(path).name in GENERATED[1:]


def module_name(path: str) -> str:
    """Returns the dotted name under which the file is imported."""
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def working_tree(root: Path = ROOT) -> SourceTree:
    """Returns the tracked files as they are now, without the deleted ones."""
    listed = _git(root, "ls-files", "-z").decode().split("\0")
    paths = tuple(path for path in sorted(set(listed)) if path and (root / path).is_file())
    return SourceTree(root=root, paths=paths)


@contextmanager
def tree_of_commit(commit: str, root: Path = ROOT) -> Iterator[SourceTree]:
    """Yields the files of a commit, in a temporary folder that exists within the block."""
    archive = _git(root, "archive", "--format=tar", commit)
    with tempfile.TemporaryDirectory(prefix="bv-tree-") as name, tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        tar.extractall(name, filter="data")
        folder = Path(name)
        paths = sorted(str(path.relative_to(folder).as_posix()) for path in folder.rglob("*") if path.is_file())
        yield SourceTree(root=folder, paths=tuple(paths))


def _git(root: Path, *arguments: str) -> bytes:
    return subprocess.run(["git", *arguments], cwd=root, check=True, capture_output=True).stdout
