"""Counts that describe the structure: import circles, entries of folders, lines. They are pure functions of a tree."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import PurePosixPath

from tests.contract.source_tree import SourceTree

MAX_ENTRIES = 11
MAX_TOP_LEVEL = 31
AREAS = (
    "backfill",
    "checks",
    "infra",
    "review",
    "contract",
    "conformance",
    "deployment",
    "workers",
    "rehearsal/faults",
)
# Folders that list one product, check, fault, binding kind, contract or shared module of the workers per file. Sub-folders of checks/catalog are lists too.
LISTS = ("checks/catalog", "rehearsal/cloudflare", "infra/bindings", "contract", "workers/shared")
CODE = (".py", ".js", ".mjs", ".sh", "")


def import_circles(tree: SourceTree) -> list[list[str]]:
    """Returns each circle as the sorted paths of its files, imports for type checks and within functions included."""
    modules = tree.modules()
    edges = {path: set(_imports(tree.read(path), path, modules)) for path in modules.values()}
    return [sorted(group) for group in _strongly_connected(edges) if len(group) > 1]


def _imports(source: str, path: str, modules: Mapping[str, str]) -> Iterator[str]:
    for name in imported_names(source):
        found = modules.get(name) or modules.get(name.rpartition(".")[0])
        if found is not None and found != path:
            yield found


@cache
def imported_names(source: str) -> tuple[str, ...]:
    """Returns the dotted name of each import. ``from a import b`` is ``a.b``, a module or a name in one."""
    names: list[str] = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names += (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names += (f"{node.module}.{alias.name}" for alias in node.names)
    return tuple(names)


def _strongly_connected(edges: Mapping[str, set[str]]) -> list[set[str]]:
    """Returns the groups of nodes that reach each other (Kosaraju's algorithm, without recursion)."""
    order = _finished(edges, list(edges))
    reverse: dict[str, set[str]] = {node: set() for node in edges}
    for node, targets in edges.items():
        for target in targets:
            reverse[target].add(node)
    groups: list[set[str]] = []
    assigned: set[str] = set()
    for node in reversed(order):
        group = set(_finished(reverse, [node], assigned))
        if group:
            groups.append(group)
            assigned |= group
    return groups


def _finished(edges: Mapping[str, set[str]], starts: list[str], skipped: set[str] | None = None) -> list[str]:
    """Returns the reachable nodes in the order in which a depth-first search leaves them."""
    seen = set(skipped or ())
    order: list[str] = []
    for start in starts:
        if start in seen:
            continue
        seen.add(start)
        stack = [(start, iter(edges[start]))]
        while stack:
            node, targets = stack[-1]
            following = next((target for target in targets if target not in seen), None)
            if following is None:
                order.append(node)
                stack.pop()
            else:
                seen.add(following)
                stack.append((following, iter(edges[following])))
    return order


def folder_entries(tree: SourceTree) -> Counter[str]:
    """Returns the number of tracked entries of each folder, files and sub-folders. "" is the top level."""
    entries = {
        (str(parent), str(child))
        for path in tree.paths
        for child in (PurePosixPath(path), *PurePosixPath(path).parents)
        if str(child) != "."
        for parent in (child.parent,)
    }
    return Counter("" if parent == "." else parent for parent, _ in entries)


def is_list(folder: str) -> bool:
    """Returns whether a folder may hold more entries, because it has one file per product, check, binding kind, contract or module."""
    return folder in LISTS or folder.startswith("checks/catalog/")


def largest_folder(tree: SourceTree, area: str) -> tuple[str, int]:
    """Returns the fullest folder of an area, lists excepted, and its number of entries."""
    found = {
        folder: count
        for folder, count in folder_entries(tree).items()
        if (folder == area or folder.startswith(f"{area}/")) and not is_list(folder)
    }
    return max(found.items(), key=lambda item: item[1], default=(area, 0))


def shipped_lines(tree: SourceTree, folder: str = "") -> int:
    """Returns the lines of shipped code in a folder: Python, JavaScript, shell and scripts without a suffix."""
    paths = [path for path in tree.shipped(*CODE) if path.startswith(folder) and _is_code(tree, path)]
    return sum(tree.read(path).count("\n") for path in paths)


def _is_code(tree: SourceTree, path: str) -> bool:
    return bool(PurePosixPath(path).suffix) or tree.read(path).startswith("#!")


def importers(tree: SourceTree, package: str) -> list[str]:
    """Returns the shipped files that import a package from outside the project."""
    return [
        path
        for path in tree.modules().values()
        if any(name.partition(".")[0] == package for name in imported_names(tree.read(path)))
    ]
