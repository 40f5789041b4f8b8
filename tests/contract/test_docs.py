"""What the README and the docs say is so: links lead somewhere, tables list what there is."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from checks import catalog
from checks.cli import explanation
from rehearsal import faults

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    [*ROOT.glob("*.md"), *ROOT.glob(".github/*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("rehearsal/**/data/*.md")]
)


def rows(page, heading):
    """The first cells of the table under a heading."""
    section = page.read_text().partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    assert section, heading
    return [cell.strip("` ") for cell in re.findall(r"^\| ([^|]+) \|", section, re.MULTILINE)][1:]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_within_the_repository_leads_somewhere(page):
    for target in re.findall(r"\]\(([^)#\s]+)", page.read_text()):
        assert "://" in target or (page.parent / target).exists(), target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_path_that_a_page_names_exists(page):
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    folders = {str(parent) for name in tracked for parent in Path(name).parents}
    for path in re.findall(
        r"`((?:checks|infra|rehearsal|toolchain|workers/backfill|tests|scripts|docs|bench)/[\w./-]+)`", page.read_text()
    ):
        assert path.rstrip("/") in folders | set(tracked), path


def test_the_readme_lists_the_checks():
    assert rows(ROOT / "README.md", "The checks") == sorted(catalog.load(), key=lambda name: catalog.load()[name].step)


def test_the_architecture_names_every_room():
    named = {room.rstrip("/") for room in rows(ROOT / "docs" / "architecture.md", "The rooms")}
    present = {path.name for path in ROOT.iterdir() if (path / "__init__.py").exists()} | {"workers"}
    assert present <= named


def test_every_fault_is_caught_by_checks_that_exist_and_blames_as_checks_do():
    from checks.model.finding import Cause

    for name, fault in faults.load_faults().items():
        assert set(fault.caught_by) <= set(catalog.load()), name
        assert bool(fault.caught_by) == bool(fault.cause) == (fault.expected is not faults.ExpectedResult.PASSED), name
        assert fault.cause in {cause.value for cause in Cause} | {""}, name


def test_the_page_on_drift_has_the_rows_of_the_matrix():
    source = (ROOT / "tests" / "e2e" / "test_drift.py").read_text()
    matrix = [*re.findall(r'^ {4}Row\(\s*"([^"]+)"', source, re.MULTILINE), "lifecycle"]
    assert len(matrix) == 15
    first = (ROOT / "docs" / "drift.md").read_text().partition("\n## ")[0]
    assert re.findall(r"^\| ([^|]+) \|", first, re.MULTILINE)[1:] == matrix


def test_the_reference_of_the_checks_is_current():
    file, page = ROOT / "docs" / "checks.md", explanation.render_page(catalog.load())
    if os.environ.get("UPDATE_GOLDEN"):
        file.write_text(page)
    assert file.read_text() == page, "run: UPDATE_GOLDEN=1 python -m pytest tests/contract/test_docs.py"
