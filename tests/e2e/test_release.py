"""The single file of a release, in an empty environment and without the checkout (issue 13, "It is done when")."""

import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from rehearsal.local_system import ROOT, STACK, outside_pulumi

CREDENTIALS = ("CLOUDFLARE_API_TOKEN", "CLOUDFLARE_BASE_URL", "ACE_API_KEY")
INTERPRETERS = ("python3.11", "python3.12", "python3.13", "python3.14")


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The single file as scripts/release builds it, and the digest that the script printed."""
    file = tmp_path_factory.mktemp("release") / "building-vitals.pyz"
    done = subprocess.run(["scripts/release", file], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return file, done.stdout.split()[0]


@pytest.fixture
def single_file(built, tmp_path):
    """Runs a copy of the file in an empty folder, with a home of its own and an isolated Python. No variable is inherited."""
    file = Path(shutil.copy(built[0], tmp_path))

    def run(*arguments, python=sys._base_executable, **environment):
        return subprocess.run(
            [python, "-I", "-S", file.name, *arguments],
            cwd=tmp_path,
            env={"HOME": str(built[0].parent / "home"), "PATH": "/usr/bin:/bin", **environment},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
        )

    return run


def without_times(text):
    """Replaces the durations, the times of day, and the number of runs, which each check of `trigger` raises."""
    return re.sub(r"\b\d+(\.\d+)? s\b|\d{2}:\d{2}:\d{2} UTC|\b\d+ runs?(?= since)", "VARIES", text)


def both(world, single_file, folder):
    """Runs all checks from the checkout and from the single file. Returns exit code and output of each."""
    (folder / "manifest.json").write_text(world.pulumi("stack", "output", "manifest", "--show-secrets"))
    given = {name: world.local.environment[name] for name in CREDENTIALS}
    options = ("run", "--manifest", str(folder / "manifest.json"))
    ours = world.run("python", "-m", "checks", *options)
    done = single_file("check", *options, **given)
    return ours, (done.returncode, done.stdout + done.stderr)


def test_it_checks_a_deployment_by_its_manifest_as_the_checkout_does(world, single_file, tmp_path):
    """Issue 13, item 6: green, and with a secret that was deleted outside Pulumi."""
    assert world.checks()[0] == 0  # copies all days, so that each further run finds the same
    ours, theirs = both(world, single_file, tmp_path)
    assert (ours[0], theirs[0]) == (0, 0), theirs
    assert without_times(theirs[1]) == without_times(ours[1])
    assert "all checks passed (exit 0)" in theirs[1]
    world.wait(outside_pulumi.call_script_api(world.local, "DELETE", "/secrets/ACE_API_KEY"))
    ours, theirs = both(world, single_file, tmp_path)
    assert (ours[0], theirs[0]) == (1, 1), theirs
    assert without_times(theirs[1]) == without_times(ours[1])
    assert "secret ACE_API_KEY: absent, deleted by rehearsal@example.com" in theirs[1]
    assert f"Next: pulumi up --stack {STACK}" in theirs[1]


def test_without_an_engine_a_stack_is_one_line(single_file):
    done = single_file("check", "--stack", "prod")
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr.startswith("error: pulumi is not on PATH.")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("name", INTERPRETERS)
def test_it_runs_with_each_python(single_file, name):
    python = shutil.which(name)
    if python is None or subprocess.run([python, "--version"], capture_output=True).returncode:
        pytest.skip(f"{name} is not installed")
    for arguments in (("--help",), ("check", "explain", "key"), ("review-github", "--help")):
        done = single_file(*arguments, python=Path(python).resolve())
        assert (done.returncode, done.stderr) == (0, "")


def test_its_review_knows_the_forms_of_secrets(single_file):
    """detect-secrets needs PyYAML by its metadata. The file leaves it out, because it is compiled and never imported."""
    line = (
        "from contract.secret_scan import has_secret_form as f; print(f('plain text'), f('AKIA' + 'IOSFODNN7EXAMPLF'))"
    )
    done = single_file("-c", line, SHIV_INTERPRETER="1")
    assert (done.stdout, done.stderr) == ("False True\n", "")
    done = single_file("review", "--stack", "prod")
    assert (done.returncode, done.stderr) == (1, "")
    assert "Preview of `unknown/prod`: it failed" in done.stdout


def test_it_holds_no_compiled_code_and_no_pulumi_and_keeps_its_packages_to_itself(built):
    names = zipfile.ZipFile(built[0]).namelist()
    assert [name for name in names if name.endswith((".so", ".pyd"))] == []
    packages = {name.split("/")[1] for name in names if name.startswith("site-packages/")}
    assert {"checks", "contract", "review", "release", "httpx", "certifi"} <= packages
    assert not {"pulumi", "infra", "rehearsal", "tests", "toolchain", "yaml", "grpc"} & packages
    assert not [name for name in names if name.startswith(("checks", "contract", "review"))]


def test_the_same_commit_gives_the_same_bytes(built, tmp_path):
    again = subprocess.run(
        ["scripts/release", tmp_path / "again.pyz"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert again.stdout.split()[0] == built[1]
    assert (tmp_path / "again.pyz").read_bytes() == built[0].read_bytes()


def test_a_tag_of_another_version_builds_nothing(tmp_path):
    done = subprocess.run(
        ["env", "TAG=v99.0.0", "scripts/release", tmp_path / "x.pyz"], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("release: the tag is v99.0.0, and contract/version.py has ")
    assert not (tmp_path / "x.pyz").exists()
