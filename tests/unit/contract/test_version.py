import re
import subprocess
import sys
from pathlib import Path

import pytest

from contract.version import VERSION

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("program", ["checks", "review", "rehearsal"])
def test_each_command_prints_the_version(program):
    done = subprocess.run([sys.executable, "-m", program, "--version"], cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, f"building-vitals, version {VERSION}\n", "")


def fits(version, changelog):
    """Returns whether the version is the newest one of the changelog, or a development version of a later one."""
    headings = re.findall(r"^## (.+)$", changelog, re.MULTILINE)
    if headings[0] == "[Unreleased]":
        newest = re.fullmatch(r"\[(\d+\.\d+\.\d+)\] - \d{4}-\d\d-\d\d", headings[1])[1]
        found = re.fullmatch(r"(\d+\.\d+\.\d+)\.dev0", version)
        return bool(found) and numbers(found[1]) > numbers(newest)
    return re.fullmatch(rf"\[{re.escape(version)}\] - \d{{4}}-\d\d-\d\d", headings[0]) is not None


def numbers(version):
    return [int(part) for part in version.split(".")]


def test_the_version_fits_the_changelog():
    assert fits(VERSION, (ROOT / "CHANGELOG.md").read_text())


@pytest.mark.parametrize(
    ("version", "headings", "expected"),
    [
        ("0.4.0.dev0", ["[Unreleased]", "[0.3.0] - 2026-11-26"], True),
        ("0.4.0", ["[0.4.0] - 2026-11-28", "[0.3.0] - 2026-11-26"], True),
        ("0.4.0", ["[Unreleased]", "[0.3.0] - 2026-11-26"], False),
        ("0.3.0.dev0", ["[Unreleased]", "[0.3.0] - 2026-11-26"], False),
        ("0.4.0.dev0", ["[0.4.0] - 2026-11-28"], False),
    ],
)
def test_a_version_that_does_not_fit_is_found(version, headings, expected):
    assert fits(version, "".join(f"## {heading}\n\n* a change\n" for heading in headings)) is expected
