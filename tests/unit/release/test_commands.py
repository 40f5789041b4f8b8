"""The commands of the single file, run in this process or from the checkout. tests/e2e/test_release.py runs the file itself."""

import json
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from setuptools import build_meta

from backfill.errors import CommandError
from checks.cli import commands
from checks.model.hint import Hint
from contract.version import VERSION
from release import __main__ as release
from tests.fakes.manifest import manifest_data

ROOT = Path(__file__).parents[3]
PROGRAM = "./building-vitals.pyz"


@pytest.fixture
def run(capsys, monkeypatch):
    """Runs the commands in this process. Returns exit code, standard output and standard error."""
    monkeypatch.delenv("COLUMNS", raising=False)

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", [PROGRAM, *arguments])
        with pytest.raises(SystemExit) as ended:
            release.start()
        return ended.value.code, *capsys.readouterr()

    return run


def test_the_help_names_each_command_that_exists_and_fits_80_columns(run):
    code, shown, _ = run("--help")
    assert code == 0
    assert all(f"  {name}  " in shown for name in release.COMMANDS)
    assert "deploy" not in shown.replace("deployment", "")
    assert max(map(len, shown.splitlines())) < 80
    assert run() == (0, shown, "")


def test_the_help_imports_no_client_and_no_pulumi():
    line = "import sys; from release.__main__ import group; group.main(['--help'], standalone_mode=False); "
    line += "sys.exit(bool({'httpx', 'pulumi', 'backfill', 'checks', 'review.github'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", line], cwd=ROOT, stdout=subprocess.DEVNULL).returncode == 0


def test_the_version_is_the_projects(run):
    assert run("--version") == (0, f"building-vitals, version {VERSION}\n", "")


@pytest.mark.parametrize("name", ["deploy", "chekc"])
def test_a_command_that_does_not_exist_is_one_line(run, name):
    code, shown, said = run(name)
    assert (code, shown, said.count("\n")) == (2, "", 1)
    assert said.startswith(f"error: No such command '{name}'")


def test_check_is_the_command_of_the_checkout(run, tmp_path, capsys):
    file = tmp_path / "manifest.json"
    file.write_text(json.dumps(manifest_data()))
    found = run("check", "config", "--manifest", str(file))
    assert found[0] == 0
    with pytest.raises(SystemExit) as ended:
        commands.main(["config", "--manifest", str(file)])
    assert (ended.value.code, *capsys.readouterr()) == found
    assert run("check", "--manifest", "absent.json") == (
        2,
        "",
        "error: manifest absent.json: No such file or directory\n",
    )


def test_the_next_commands_start_the_single_file(run, monkeypatch):
    monkeypatch.setattr(release.os, "access", lambda *_: True)
    assert "-> ./building-vitals.pyz check run token --stack NAME" in run("check", "explain", "token")[1].replace(
        "wait, then ", ""
    )
    given = {"stack": "prod", "worker": "w", "checks": f"{PROGRAM} check"}
    hint = Hint.rerun("key").format_command(**given, source="--manifest m.json")
    assert hint == "./building-vitals.pyz check run key --manifest m.json"
    hint = Hint.rerun("key").format_command(**given)
    assert hint == "./building-vitals.pyz check run key --stack prod"
    assert Hint.rerun("key").format_command(stack="prod", worker="w") == "python -m checks run key --stack prod"


def test_the_operator_commands_start_the_single_file(run, monkeypatch, tmp_path):
    monkeypatch.setattr(release.os, "access", lambda *_: True)
    assert "Usage: ./building-vitals.pyz backfill replace" in run("backfill", "replace", "--help")[1]
    file = tmp_path / "manifest.json"
    file.write_text(json.dumps(manifest_data()))

    def refuse(_stack, _file, surroundings, **_more):
        raise CommandError(f"{surroundings.command} {surroundings.checks}", 2)

    monkeypatch.setattr("backfill.session.open_session", refuse)
    code, _, said = run("backfill", "status", "--manifest", str(file))
    assert (code, said) == (2, "error: ./building-vitals.pyz backfill ./building-vitals.pyz check\n")


def test_the_program_is_named_as_a_shell_finds_it(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    file = tmp_path / "building-vitals.pyz"
    assert release.name_program("building-vitals.pyz") == "python3 building-vitals.pyz"
    file.touch()
    assert release.name_program(str(file)) == f"python3 {file}"
    file.chmod(0o755)
    assert release.name_program(str(file)) == "building-vitals.pyz"
    monkeypatch.setenv("PATH", "/nowhere")
    assert release.name_program(str(file)) == str(file)


@pytest.mark.parametrize(
    ("name", "text", "code"), [("review", "it failed, so nothing", 1), ("review-github", "error: No such command", 2)]
)
def test_the_reviews_are_those_of_the_checkout(name, text, code):
    command = [sys.executable, "-m", "release", name, *(["absent"] if name == "review-github" else [])]
    done = subprocess.run(command, cwd=ROOT, input="{}", capture_output=True, text=True)
    assert done.returncode == code
    assert text in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("", ["check", "backfill", "review", "review-github"]),
        ("check ex", ["explain"]),
        ("backfill re", ["replace", "resume", "retry"]),
        ("check run --manif", ["--manifest"]),
        ("check run hea", ["health"]),
        ("review-github comm", ["comment"]),
        ("check run nothing", []),
    ],
)
def test_a_shell_completes_commands_options_and_checks(typed, expected):
    words = f"building-vitals.pyz {typed}"
    environment = {**os.environ, release.COMPLETE: "bash_complete", "COMP_WORDS": words}
    environment["COMP_CWORD"] = str(words.count(" "))
    done = subprocess.run(
        [sys.executable, "-m", "release"], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == [f"plain,{word}" for word in expected]


def test_no_installer_puts_our_packages_into_a_site_packages(tmp_path, monkeypatch, capfd):
    """`pip install` of the checkout fails, because setuptools refuses several packages at the top level."""
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for package in ("checks", "contract", "infra", "review"):
        (tmp_path / package).mkdir()
        (tmp_path / package / "__init__.py").touch()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(BaseException, match="Multiple top-level packages"):
        build_meta.build_wheel(str(tmp_path / "wheels"))
    assert not list(tmp_path.glob("wheels/*"))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert "build-system" not in project
    assert "setuptools" not in project["tool"]
    assert project["project"]["classifiers"] == ["Private :: Do Not Upload"]
