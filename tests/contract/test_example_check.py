"""The example of a new check in docs/architecture.md is complete: with its two files, the command has one more check."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

from checks import catalog
from checks.cli.explanation import explain_check

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"^```python (\S+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
EXAMPLE = dict(BLOCK.findall((ROOT / "docs" / "architecture.md").read_text()))
CHECK, TEST = EXAMPLE  # their paths
ID = Path(CHECK).stem
TESTS = [item.name for item in ast.parse(EXAMPLE[TEST]).body if isinstance(item, ast.FunctionDef)]


@pytest.fixture(autouse=True)
def catalog_with_the_example(tmp_path, monkeypatch):
    """Add a folder with the example's file to the catalog. Nothing else is changed."""
    folder = tmp_path / "catalog"
    folder.mkdir()
    (folder / Path(CHECK).name).write_text(EXAMPLE[CHECK])
    monkeypatch.setattr(catalog, "__path__", [*catalog.__path__, str(folder)])
    yield
    sys.modules.pop(f"{catalog.__name__}.{ID}", None)
    vars(catalog).pop(ID, None)


def test_the_catalog_finds_the_example_by_its_file():
    check = catalog.load()[ID]
    assert (check.id, Path(CHECK).parent) == (ID, Path("checks/catalog"))
    assert Path(TEST) == Path("tests/unit/checks/catalog") / f"test_{ID}.py"
    assert check.proves in explain_check(check)


@pytest.mark.parametrize("name", TESTS)
def test_the_test_of_the_example_passes(name, tmp_path):
    namespace = {}
    exec(compile(EXAMPLE[TEST], TEST, "exec"), namespace)  # noqa: S102 - it is our own page
    namespace[name](tmp_path)


def test_the_test_of_the_example_asserts_each_outcome():
    for words in ('"pass"', "failed_finding", "inconclusive_finding", '"skip"'):
        assert words in EXAMPLE[TEST]
    assert len(TESTS) == 4


@pytest.mark.parametrize("path", EXAMPLE)
@pytest.mark.parametrize("command", [["check"], ["format", "--check"]], ids=["check", "format"])
def test_the_example_has_the_style_of_the_code(path, command):
    ruff = [sys.executable, "-m", "ruff", *command, "--no-cache", "--stdin-filename", path, "-"]
    done = subprocess.run(ruff, cwd=ROOT, input=EXAMPLE[path], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
