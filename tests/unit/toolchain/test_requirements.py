"""The compiled requirements fit their sources. No network: the test reads the files and the metadata of installed packages."""

import re
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.contract.structure import imported_names

ROOT = Path(__file__).parents[3]
DEPENDABOT = ROOT / ".github" / "dependabot.yml"
PRODUCTION, DEVELOPMENT, INSTALLER = "requirements", "requirements-dev", "toolchain/uv"
COMMAND = "uv pip compile --universal --python-version 3.11 --generate-hashes --no-strip-extras --output-file {name}.txt {name}.in"


def source(text):
    lines = (line.partition(" #")[0].strip() for line in text.splitlines())
    return [Requirement(line) for line in lines if line and not line.startswith(("#", "-"))]


def compiled(text):
    """Returns the entries of a compiled file: name -> (version, marker, number of hashes)."""
    entries = {}
    for block in re.split(r"\n(?=\S)", text):
        if not block.startswith("#"):
            requirement = Requirement(re.split(r"[\\\n]", block)[0].strip())
            (version,) = requirement.specifier
            assert version.operator == "==", block
            hashes = len(re.findall(r"^    --hash=sha256:[0-9a-f]{64}\b", block, re.MULTILINE))
            entries[canonicalize_name(requirement.name)] = (version.version, requirement.marker, hashes)
    return entries


def defects(source_text, compiled_text):
    """Yields one line for each requirement that the compiled file does not meet, and for each entry without a hash."""
    entries = compiled(compiled_text)
    for requirement in source(source_text):
        version, _, _ = entries.get(canonicalize_name(requirement.name), (None, None, 0))
        if version is None:
            yield f"{requirement.name} is missing"
        elif not requirement.specifier.contains(version):
            yield f"{requirement.name} {version} is not {requirement.specifier}"
    yield from (f"{name} has no hash" for name, (_, _, hashes) in entries.items() if not hashes)


def needed(names):
    """Returns the packages and extras that these packages need here, from the installed metadata, themselves included."""
    found, waiting = set(), {(canonicalize_name(name), "") for name in names}
    while waiting:
        name, extra = waiting.pop()
        if (name, extra) in found:
            continue
        found.add((name, extra))
        for line in metadata.requires(name) or []:
            requirement = Requirement(line)
            if requirement.marker is None or requirement.marker.evaluate({"extra": extra}):
                waiting |= {(canonicalize_name(requirement.name), item) for item in ("", *requirement.extras)}
    return found


def read(name):
    return (ROOT / f"{name}.in").read_text(), (ROOT / f"{name}.txt").read_text()


@pytest.mark.parametrize("name", [PRODUCTION, DEVELOPMENT, INSTALLER])
def test_each_compiled_file_agrees_with_its_source(name):
    assert list(defects(*read(name))) == []
    assert COMMAND.format(name=name) in read(name)[1]


@pytest.mark.parametrize(
    ("change", "defect"),
    [
        (lambda text: re.sub(r"^click==.*", r"click==7.0 \\", text, flags=re.MULTILINE), "click 7.0 is not ~=8.5"),
        (lambda text: re.sub(r"^click==(?:.*\n )*.*\n", "", text, flags=re.MULTILINE), "click is missing"),
        (
            lambda text: re.sub(r"^click==.*(\n {4}--.*)*", "click==8.5.1", text, flags=re.MULTILINE),
            "click has no hash",
        ),
    ],
)
def test_a_compiled_file_that_does_not_fit_is_found(change, defect):
    source_text, compiled_text = read(PRODUCTION)
    assert list(defects(source_text, change(compiled_text))) == [defect]


def test_tests_use_the_versions_of_production():
    production, development = (compiled(read(name)[1]) for name in (PRODUCTION, DEVELOPMENT))
    assert {name: development[name][0] for name in production} == {name: entry[0] for name, entry in production.items()}
    assert set(development) > set(production)


@pytest.mark.parametrize("names", [[PRODUCTION], [PRODUCTION, DEVELOPMENT]])
def test_a_compiled_file_lists_the_needed_packages_and_no_others(names):
    roots = [requirement.name for name in names for requirement in source(read(name)[0])]
    text = read(names[-1])[1]
    present = {name for name, (_, marker, _) in compiled(text).items() if marker is None or marker.evaluate()}
    assert {name for name, _ in needed(roots)} == present
    extras = {(name, extra) for name, extra in needed(roots) if extra}
    listed = re.findall(r"^([\w.-]+)\[([\w,-]+)\]==", text, re.MULTILINE)  # without them, pip cannot verify hashes
    assert extras == {(name, extra) for name, found in listed for extra in found.split(",")}


def test_the_installed_versions_are_the_compiled_versions():
    entries = {name: version for name, (version, marker, _) in compiled(read(DEVELOPMENT)[1]).items() if marker is None}
    assert {name: metadata.version(name) for name in entries} == entries


def test_production_needs_no_package_of_the_tests():
    assert not {"pytest", "mypy", "ruff", "aiohttp", "hypothesis"} & set(compiled(read(PRODUCTION)[1]))


def test_a_production_set_up_has_at_most_40_packages():
    packages = {name for listed in (PRODUCTION, INSTALLER) for name in compiled(read(listed)[1])}
    assert len(packages | {"pip", "setuptools"}) <= 40  # the last two come with Python's venv


def outside(paths, allowed):
    """Returns the imported packages of files that are neither ours, of Python, nor of an allowed distribution."""
    ours = {path.stem for path in ROOT.iterdir()} | set(sys.stdlib_module_names)
    roots = {
        name.partition(".")[0] for path in paths for name in imported_names(path.read_text()) if name != "__future__"
    }
    providers = metadata.packages_distributions()
    return {
        name for name in roots - ours if not {canonicalize_name(item) for item in providers.get(name, [])} & allowed
    }


def test_the_code_of_production_imports_packages_of_production_alone():
    paths = [ROOT / "__main__.py"]
    for package in ("checks", "cloudflare_client", "contract", "deployment", "infra", "review", "toolchain"):
        paths += (path for path in (ROOT / package).rglob("*.py") if "node_modules" not in path.parts)
    assert len(paths) > 100
    assert outside(paths, set(compiled(read(PRODUCTION)[1]))) == set()
    rehearsal = (ROOT / "rehearsal").rglob("*.py")
    assert "aiohttp" in outside(rehearsal, set(compiled(read(PRODUCTION)[1]))), "the test would find nothing"


def test_the_engine_is_built_from_the_version_of_the_sdk():
    version = compiled(read(PRODUCTION)[1])["pulumi"][0]
    modules = re.findall(r"github\.com/pulumi/pulumi/\w+/v3 v(\S+)", (ROOT / "toolchain" / "go.mod").read_text())
    assert modules == [version, version]


def updates():
    return {item["package-ecosystem"]: item for item in yaml.safe_load(DEPENDABOT.read_text())["updates"]}


def test_dependabot_reads_every_list_of_packages():
    files = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    ecosystems = {"requirements.in": "uv", "uv.in": "uv", "package.json": "npm", "go.mod": "gomod"}
    expected = {(ecosystems[path.name], f"/{path.parent}") for path in map(Path, files) if path.name in ecosystems}
    expected = {(ecosystem, folder.replace("/.", "/")) for ecosystem, folder in expected} | {("github-actions", "/")}
    listed = {(name, x) for name, item in updates().items() for x in item.get("directories", [item.get("directory")])}
    assert listed >= expected
    assert listed - expected <= {("npm", "/workers")}


def test_dependabot_leaves_the_pinned_plugin_and_groups_the_rest():
    assert [item["dependency-name"] for item in updates()["uv"]["ignore"]] == ["pulumi-cloudflare"]
    assert all(list(group["patterns"]) == ["*"] for item in updates().values() for group in item["groups"].values())
