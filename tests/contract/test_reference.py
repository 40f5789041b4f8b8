"""The reference pages agree with the code that they describe, and each source cites pages of this repository only."""

from __future__ import annotations

import dataclasses
import json
import re
import subprocess
import typing
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from checks import catalog
from cloudflare_client import errors
from contract import manifest
from contract.operator_token import derive_operator_token

ROOT = Path(__file__).parents[2]
REFERENCE = ROOT / "docs" / "reference"
WORKERS = {"backfill-worker": ("[Backfill]", "backfill"), "query-worker": ("[Query]", "query")}
SUFFIXES = {".py", ".js", ".mjs", ".json", ".yaml", ".yml", ".toml", ".md", ".sh", ".in"}


def read_rows(page: str, heading: str) -> list[list[str]]:
    """Returns the cells of the first table under a heading, without its head."""
    text = (REFERENCE / f"{page}.md").read_text()
    if heading:
        text = text.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    table = re.search(r"^(?:\|.*\|\n)+", text, re.MULTILINE)
    assert table, f"{page}: no table under {heading!r}"
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in table[0].splitlines()[2:]]


def list_names(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def list_sources() -> Iterator[Path]:
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True)
    for name in tracked.stdout.split():
        path = ROOT / name
        is_text = path.suffix in SUFFIXES or path.parent.name in {"scripts", "bin"}
        if is_text and path.is_file() and "dist" not in path.parts and not name.startswith("tests/contract/test_"):
            yield path


def test_the_index_lists_every_page() -> None:
    links = re.findall(r"^\| \[[^]]+\]\(([\w-]+\.md)\)", (REFERENCE / "README.md").read_text(), re.MULTILINE)
    assert {"README.md", *links} == {path.name for path in REFERENCE.glob("*.md")}


def test_the_settings_are_those_of_pulumi_yaml() -> None:
    declared = yaml.safe_load((ROOT / "Pulumi.yaml").read_text())["config"]
    rows = read_rows("settings", "")
    assert [list_names(row[0])[0] for row in rows] == list(declared)
    for (name, setting), (_, default, *_) in zip(declared.items(), rows, strict=True):
        value = setting["default"]
        text = value if isinstance(value, str) else json.dumps(value)
        if value == "":
            assert default.startswith(("required", "not set")), name
        else:
            assert default == f"`{text}`", name


def list_fields(kind: type, prefix: str = "") -> Iterator[str]:
    for name, hint in typing.get_type_hints(kind).items():
        record = next((part for part in (hint, *typing.get_args(hint)) if dataclasses.is_dataclass(part)), None)
        if isinstance(record, type) and typing.get_origin(hint) is not tuple:
            yield from list_fields(record, f"{prefix}{name}.")
        else:
            yield prefix + name


def test_the_manifest_page_names_every_field() -> None:
    named = [list_names(row[0])[0] for row in read_rows("manifest", "Fields")]
    fields = list(list_fields(manifest.Manifest))
    assert {re.sub(r"\[\].*", "", name) for name in named} == {"schema", *fields}


@pytest.mark.parametrize("page", WORKERS)
def test_the_log_lines_are_those_of_the_worker(page: str) -> None:
    tag, folder = WORKERS[page]
    paths = sorted((ROOT / "workers" / folder).rglob("*.js"))
    for path in sorted((ROOT / "workers" / "shared").rglob("*.js")):
        if page == "backfill-worker" or path.parent.name != "ace":  # the query worker does not use ACE
            paths.append(path)
    code = "".join(path.read_text() for path in paths)
    written = re.findall(r"writeLog\(\s*\"(log|error)\",\s*[\"`]([^\"`]+)[\"`]", code)
    expected = {(level, message.replace("${tag}", tag)) for level, message in written}
    assert {(row[1], list_names(row[0])[0]) for row in read_rows(page, "Log lines")} == expected


@pytest.mark.parametrize(("page", "heading"), [("backfill-worker", "Error codes"), ("query-worker", "Errors")])
def test_the_error_codes_are_those_of_the_worker(page: str, heading: str) -> None:
    named = {name for row in read_rows(page, heading) for cell in row[:2] for name in list_names(cell)}
    folders = (WORKERS[page][1], "shared")
    code = "".join(path.read_text() for folder in folders for path in sorted((ROOT / "workers" / folder).rglob("*.js")))
    assert all(f'"{name}"' in code for name in named)
    if page == "backfill-worker":
        known = set(re.findall(r'code: "(\w+)"', code)) | set(re.findall(r'new Failure\(\s*"(\w+)"', code))
        assert named == known


def test_the_page_has_the_algorithm_of_the_operator_token() -> None:
    values = dict(row[:2] for row in read_rows("backfill-worker", "Authentication"))
    assert list_names(values["info"])[0] in (ROOT / "contract" / "operator_token.py").read_text()
    assert len(derive_operator_token("key")) == int(re.findall(r"\d+", values["text form"])[-1])


def test_the_codes_that_the_client_knows_are_on_the_page() -> None:
    named = {int(code) for row in read_rows("cloudflare-api", "Codes") for code in re.findall(r"\d+", row[0])}
    assert named >= errors.ABSENT


def test_the_runbook_page_names_the_step_that_each_check_replaces() -> None:
    text = (REFERENCE / "runbook.md").read_text()
    numbers = set(re.findall(r"^\| step (\d) ", text, re.MULTILINE))
    for check in catalog.load().values():
        if check.runbook.startswith("step"):
            assert set(re.findall(r"\d", check.runbook)) <= numbers, check.id
        else:
            assert check.runbook in text, check.id
        assert f"`{check.id}`" in text, check.id


@pytest.mark.parametrize("phrase", ["shared contracts", "contracts, section", "shared facts", "facts.md"])
def test_no_source_cites_a_page_outside_the_repository(phrase: str) -> None:
    found = {str(path.relative_to(ROOT)) for path in list_sources() if phrase in path.read_text().lower()}
    assert found == set()


def test_every_page_that_a_source_cites_exists() -> None:
    cited = re.compile(r"(?<![\w/.-])docs/[\w/-]+\.(?:md|json)")
    missing = [
        f"{path.relative_to(ROOT)}: {page}"
        for path in list_sources()
        for page in cited.findall(path.read_text())
        if not (ROOT / page).is_file()
    ]
    assert missing == []
