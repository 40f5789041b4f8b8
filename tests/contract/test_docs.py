"""README and docs agree with the repository: links, paths, tables, diagrams and generated pages."""

import functools
import os
import re
import subprocess
from pathlib import Path

import pytest

from checks import catalog
from checks.cli import explanation
from checks.model.finding import Cause
from rehearsal import faults
from tests.contract.source_tree import is_shipped, working_tree
from tests.contract.test_packages import FORBIDDEN, files, roots

ROOT = Path(__file__).parents[2]
ARCHITECTURE, REFERENCE = ROOT / "docs" / "architecture.md", ROOT / "docs" / "reference" / "checks.md"
PAGES = sorted(
    [*ROOT.glob("*.md"), *ROOT.glob(".github/*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("rehearsal/**/data/*.md")]
)
FOLDERS = (
    r"backfill|checks|cloudflare_client|conformance|contract|deployment|docs|infra|rehearsal|release|review|scripts|tests|toolchain|\.github|"
    r"workers(?=/(?:backfill|query|shared|dist|package))"  # the API has paths that begin with workers/, too
)
PATH = re.compile(rf"`((?:{FOLDERS})/[\w./-]+)`")
PATTERN = re.compile(rf"`((?:{FOLDERS})/[\w./-]*)<\w+>(\.\w+)`")  # as in checks/catalog/<check>.py
OURS = {*FORBIDDEN, "contract", "tests"} - {"__main__.py"}
LIBRARIES = {"aiohttp", "click", "grpc", "httpx", "pulumi", "pulumi_cloudflare", "websockets", "yaml", "yarl"}
# Settings that reach a worker and the manifest, and settings that only the program reads. No other word has their names.
COPIED = ("pageSize", "keyTemplate", "settleHours", "recheckDays")
PROGRAM_ONLY = ("adopt", "queryWorkerName")
NODE, EDGE = re.compile(r'[a-z]+\["[^"\]]+"\]'), re.compile(r"([a-z]+) -->\|[\w ,.-]+\| ([a-z]+)")


def section_of(page, heading):
    """Return the text below a heading, up to the next heading of any level."""
    section = re.split(r"^#+ ", page.read_text().partition(f"# {heading}\n")[2], maxsplit=1, flags=re.MULTILINE)[0]
    assert section, heading
    return section


def table_of(page, heading):
    """Return the rows of the first table below a heading, without its head: lists of cells."""
    lines = re.findall(r"^\| (.+) \|$", section_of(page, heading), re.MULTILINE)[1:]
    assert lines, heading
    return [line.split(" | ") for line in lines]


def names_in(cell):
    """Return the code words of a cell."""
    return [name.rstrip("/") for name in re.findall(r"`([^`]+)`", cell)]


@functools.cache
def tracked_files():
    """Return the files that git tracks or would track, and their folders."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    present = {name for name in listed if (ROOT / name).exists()}
    return present | {str(parent) for name in present for parent in Path(name).parents}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_within_the_repository_has_a_target(page):
    for target in re.findall(r"\]\(([^)#\s]+)", page.read_text()):
        assert "://" in target or (page.parent / target).exists(), target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_to_a_heading_has_a_target(page):
    for target, anchor in re.findall(r"\]\(([^)#\s]*)#([^)\s]+)\)", page.read_text()):
        if "://" not in target:
            text = (page.parent / target if target else page).read_text()
            headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
            assert anchor in {re.sub(r"[^\w -]", "", item).lower().replace(" ", "-") for item in headings}, anchor


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_path_that_a_page_names_exists(page):
    present = tracked_files()
    assert [path for path in PATH.findall(page.read_text()) if path.rstrip("/") not in present] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_pattern_of_a_path_matches_files(page):
    present = tracked_files()
    for start, suffix in PATTERN.findall(page.read_text()):
        assert len([path for path in present if path.startswith(start) and path.endswith(suffix)]) > 1, start


def test_the_readme_begins_with_exactly_two_commands():
    first = (ROOT / "README.md").read_text().partition("\n## ")[0]
    assert re.findall(r"^\$ (\S+)", first, re.MULTILINE) == ["scripts/rehearse", "scripts/test"]


def test_the_readme_lists_the_checks():
    listed = [row[0].strip("`") for row in table_of(ROOT / "README.md", "The checks")]
    assert listed == sorted(catalog.load(), key=lambda name: catalog.load()[name].step)


def test_the_architecture_lists_every_package():
    listed = {names_in(row[0])[0] for row in table_of(ARCHITECTURE, "Packages")}
    packages = {path.name for path in ROOT.iterdir() if (path / "__init__.py").exists()}
    assert listed == (packages | {"workers", "__main__.py"}) - {"tests"}
    assert set(FORBIDDEN) <= listed


def test_the_architecture_lists_the_allowed_imports_of_each_package():
    for package, _, allowed in table_of(ARCHITECTURE, "Packages"):
        name = names_in(package)[0]
        if name == "workers":
            continue
        listed = set(names_in(allowed)) & (OURS | LIBRARIES)
        imported = {root for path in files(name) for root in roots(path)} & (OURS | LIBRARIES)
        assert imported - {name} <= listed, name
        assert not listed & FORBIDDEN[name], name


def files_that_name(setting):
    """Return the shipped files that name a setting in one of its three spellings.

    Docs, the rehearsal and the stacks' own files are left out: they use settings, and a new one need not touch them.
    """
    snake = re.sub(r"([A-Z])", r"_\1", setting).lower()
    spelling = re.compile(rf"\b({setting}|{snake}|{snake.upper()})\b")
    tree = working_tree()
    paths = [path for path in tree.paths if is_shipped(path) and not path.startswith(("docs/", "rehearsal/"))]
    paths = [path for path in paths if path.endswith((".py", ".js")) or path == "Pulumi.yaml"]
    return {path for path in paths if spelling.search(tree.read(path))}


@pytest.mark.parametrize(
    ("settings", "parts"),
    [(COPIED, ("every setting", "a worker", "the manifest")), ((*COPIED, *PROGRAM_ONLY), ("every setting",))],
)
def test_the_architecture_lists_the_files_that_a_new_setting_touches(settings, parts):
    rows = table_of(ARCHITECTURE, "A new setting")
    listed = {names_in(file)[0] for file, _, part in rows if part in parts}
    assert listed == set.intersection(*map(files_that_name, settings))
    assert f"touches {len(listed)} files" in section_of(ARCHITECTURE, "A new setting")


def test_every_diagram_has_nodes_and_edges_only():
    blocks = [
        block
        for page in PAGES
        for block in re.findall(r"^```mermaid\n(.*?)^```$", page.read_text(), re.MULTILINE | re.DOTALL)
    ]
    assert len(blocks) >= 2
    for block in blocks:
        first, *lines = block.splitlines()
        assert first == "flowchart LR"
        nodes = {line.partition("[")[0] for line in lines if NODE.fullmatch(line)}
        edges = [edge.groups() for line in lines if (edge := EDGE.fullmatch(line))]
        assert [line for line in lines if not (NODE.fullmatch(line) or EDGE.fullmatch(line))] == []
        assert {end for edge in edges for end in edge} == nodes
        assert not nodes & {"end", "graph", "subgraph", "style", "class", "click", "default"}


def test_the_glossary_is_in_alphabetical_order():
    words = [row[0].lower() for row in table_of(ROOT / "docs" / "glossary.md", "Glossary")]
    assert words == sorted(words)
    assert len(words) == len(set(words))


def test_every_decision_has_a_date_and_its_cost():
    text = (ROOT / "docs" / "decisions.md").read_text()
    entries = re.split(r"^### ", text, flags=re.MULTILINE)[1:]
    assert len(entries) > 50
    for entry in entries:
        assert re.match(r".+ \(2026-\d\d-\d\d\)\n\n", entry), entry[:80]
        assert "\nCost: " in entry, entry[:80]


def test_every_fault_names_existing_checks_and_causes():
    for name, fault in faults.load_faults().items():
        assert set(fault.caught_by) <= set(catalog.load()), name
        assert bool(fault.caught_by) == bool(fault.cause) == (fault.expected is not faults.ExpectedResult.PASSED), name
        assert fault.cause in {cause.value for cause in Cause} | {""}, name


def test_the_page_on_drift_has_the_rows_of_the_matrix():
    source = (ROOT / "tests" / "e2e" / "test_drift.py").read_text()
    matrix = [*re.findall(r'^ {4}Row\(\s*"([^"]+)"', source, re.MULTILINE), "lifecycle"]
    assert len(matrix) == 20
    first = (ROOT / "docs" / "drift.md").read_text().partition("\n## ")[0]
    assert re.findall(r"^\| ([^|]+) \|", first, re.MULTILINE)[1:] == matrix


def test_the_reference_of_the_checks_is_current():
    page = explanation.render_page(catalog.load())
    if os.environ.get("UPDATE_GOLDEN"):
        REFERENCE.write_text(page)
    assert REFERENCE.read_text() == page, "run: UPDATE_GOLDEN=1 python -m pytest tests/contract/test_docs.py"
