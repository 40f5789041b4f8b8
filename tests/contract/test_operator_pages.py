"""The commands of the operators' pages can be pasted: valid shell, and settings, checks and scripts that exist."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from checks import catalog

ROOT = Path(__file__).parents[2]
PAGES = (
    "getting-started",
    "ci",
    "troubleshooting",
    "query-worker",
    "rotate-the-key",
    "secrets",
    "other-ci",
    "environments",
    "operate",
)


def read_page(name: str) -> str:
    return (ROOT / "docs" / f"{name}.md").read_text()


def read_commands(name: str) -> str:
    return "".join(re.findall(r"^```bash\n(.*?)^```", read_page(name), re.MULTILINE | re.DOTALL))


@pytest.mark.parametrize("page", PAGES)
def test_the_commands_are_valid_shell(page: str) -> None:
    checked = subprocess.run(["bash", "-n"], input=read_commands(page), capture_output=True, text=True, check=False)
    assert (checked.returncode, checked.stderr) == (0, "")


@pytest.mark.parametrize("page", PAGES)
def test_a_command_that_asks_is_the_last_of_its_block(page: str) -> None:
    for block in re.findall(r"^```bash\n(.*?)^```", read_page(page), re.MULTILINE | re.DOTALL):
        first, *_ = re.findall(r"^(?:read -|.*config set --secret).*\n", block, re.MULTILINE) or [None]
        assert first is None or block.endswith(first), "a pasted line would be its answer"


@pytest.mark.parametrize("page", sorted(path.stem for path in (ROOT / "docs").glob("*.md")))
def test_no_pasted_line_follows_the_engine(page: str) -> None:
    """Case P17: on a terminal the engine asks for its colours, and takes a pasted line that follows for the answer.

    A shell reads the lines after `&&` before it runs the first one.
    """
    for block in re.findall(r"^```bash\n(.*?)^```", read_page(page), re.MULTILINE | re.DOTALL):
        *others, _ = re.sub(r"\\\n| *#.*", "", block).splitlines() or [""]
        assert [line for line in others if re.match(r"pulumi [^|>]*$", line) and not line.endswith("&&")] == []


@pytest.mark.parametrize("page", PAGES)
def test_the_settings_and_checks_of_a_page_exist(page: str) -> None:
    text = read_page(page)
    settings = yaml.safe_load((ROOT / "Pulumi.yaml").read_text())["config"]
    assert set(re.findall(r"pulumi config set (?:--secret )?(\w+)", text)) <= set(settings)
    for names in re.findall(r"python -m checks (?:run|explain) ([a-z0-9 ]+)", text):
        assert set(names.split()) <= set(catalog.load())


@pytest.mark.parametrize("page", PAGES)
def test_the_first_sentence_says_the_result(page: str) -> None:
    assert read_page(page).split("\n")[2].startswith("At the end of this page")


def test_the_gitlab_file_is_valid_and_its_scripts_exist(tmp_path: Path) -> None:
    (text,) = re.findall(r"^```yaml\n(.*?)^```", read_page("other-ci"), re.MULTILINE | re.DOTALL)
    (tmp_path / "ci.yml").write_text(text)
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.gitlab-ci", tmp_path / "ci.yml"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    jobs = [item for item in yaml.safe_load(text).values() if isinstance(item, dict) and "stage" in item]
    shell = "\n".join(line for job in jobs for line in job["script"])
    assert len(jobs) == 4
    assert subprocess.run(["bash", "-n"], input=shell, text=True, check=False).returncode == 0
    for script in re.findall(r"scripts/(\w+)", shell):
        assert os.access(ROOT / "scripts" / script, os.X_OK)
