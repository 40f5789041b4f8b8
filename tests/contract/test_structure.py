"""The structure that docs/architecture.md describes, as far as it can be counted."""

import subprocess
from pathlib import PurePosixPath

import pytest

from tests.contract import structure
from tests.contract.source_tree import SourceTree, tree_of_commit, working_tree

HTTPX = ("cloudflare_client/", "checks/clients/", "review/github/", "rehearsal/", "conformance/account/", "deployment/")


def circles(tree):
    return structure.import_circles(tree)


def full_folders(area):
    def rule(tree):
        folder, count = structure.largest_folder(tree, area)
        return [f"{folder} has {count} entries"] if count > structure.MAX_ENTRIES else []

    return rule


def full_top_level(tree):
    count = structure.folder_entries(tree)[""]
    return [f"the top level has {count} entries"] if count > structure.MAX_TOP_LEVEL else []


def httpx_elsewhere(tree):
    return [path for path in structure.importers(tree, "httpx") if not path.startswith(HTTPX)]


def click_elsewhere(tree):
    return [
        path
        for path in structure.importers(tree, "click")
        if not {"cli", "__main__"} & set(PurePosixPath(path).with_suffix("").parts)
    ]


RULES = {
    "import-circles": circles,
    **{f"entries-{area}": full_folders(area) for area in structure.AREAS},
    "top-level": full_top_level,
    "httpx": httpx_elsewhere,
    "click": click_elsewhere,
}


@pytest.mark.parametrize("name", RULES)
def test_the_structure_keeps_its_limits(name):
    tree = working_tree()
    assert len(tree.modules()) > 100, "a rule would hold for an empty tree"
    assert RULES[name](tree) == []


def write(folder, files):
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return SourceTree(root=folder, paths=tuple(sorted(files)))


LATE = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from a import two\n"


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"a/one.py": "import a.two\n", "a/two.py": "import os\n"}, []),
        ({"a/one.py": "import a.two\n", "a/two.py": "from a import one\n"}, [["a/one.py", "a/two.py"]]),
        ({"a/one.py": LATE, "a/two.py": "from a.one import X\n"}, [["a/one.py", "a/two.py"]]),
        (
            {"a/one.py": "def f():\n    import b\n", "b/__init__.py": "import c\n", "c.py": "from a.one import f\n"},
            [["a/one.py", "b/__init__.py", "c.py"]],
        ),
        ({"a/__init__.py": "import a.one\n", "a/one.py": "import os\n"}, []),
        ({"tests/one.py": "import tests.two\n", "tests/two.py": "import tests.one\n"}, []),
    ],
)
def test_import_circles_are_found(tmp_path, files, expected):
    assert circles(write(tmp_path, files)) == expected


def test_a_full_folder_is_found_and_a_list_may_be_full(tmp_path):
    names = [f"file{number}.py" for number in range(12)]
    listed = {f"checks/catalog/data/{name}": "" for name in names} | {f"checks/catalog/{name}": "" for name in names}
    tree = write(tmp_path, {**listed, **{f"infra/deep/{name}": "" for name in names}})
    assert RULES["entries-checks"](tree) == []
    assert RULES["entries-infra"](tree) == ["infra/deep has 12 entries"]
    assert RULES["entries-workers"](tree) == []


def test_a_full_top_level_is_found(tmp_path):
    assert full_top_level(write(tmp_path, {f"file{number}": "" for number in range(30)} | {"a/b": "", "a/c": ""})) == []
    many = write(tmp_path, {f"file{number}": "" for number in range(32)})
    assert full_top_level(many) == ["the top level has 32 entries"]


def test_httpx_and_click_elsewhere_are_found(tmp_path):
    uses = "import click\nfrom httpx import Client\n"
    tree = write(
        tmp_path,
        {"checks/run/a.py": uses, "review/github/a.py": uses, "checks/cli/a.py": uses, "rehearsal/cli.py": uses},
    )
    assert httpx_elsewhere(tree) == ["checks/cli/a.py", "checks/run/a.py"]
    assert click_elsewhere(tree) == ["checks/run/a.py", "review/github/a.py"]


def test_lines_are_counted_in_shipped_code_alone(tmp_path):
    lines = "1\n2\n"
    files = {"a.py": lines, "w/b.js": lines, "c.sh": lines, "scripts/d": f"#!x\n{lines}", "LICENSE": lines}
    others = {"tests/a.py": lines, "workers/dist/b.js": lines, "node_modules/c.js": lines, "docs/d.md": lines}
    assert structure.shipped_lines(write(tmp_path, {**files, **others})) == 9


def test_a_commit_and_the_working_tree_are_read(tmp_path):
    def git(*arguments):
        subprocess.run(["git", "-c", "user.name=n", "-c", "user.email=e", *arguments], cwd=tmp_path, check=True)

    git("init", "-q")
    (tmp_path / "a.py").write_text("old\n")
    git("add", "a.py")
    git("commit", "-qm", "one")
    (tmp_path / "a.py").write_text("new\n")
    (tmp_path / "untracked.py").write_text("")
    now = working_tree(tmp_path)
    with tree_of_commit("HEAD", tmp_path) as before:
        assert (before.paths, before.read("a.py")) == (("a.py",), "old\n")
    assert (now.paths, now.read("a.py")) == (("a.py",), "new\n")
