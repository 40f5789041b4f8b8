"""The workflows: rules that no linter has, and the linters of scripts/test on broken workflows."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[4]
FOLDER = ROOT / ".github" / "workflows"
NAMES = ["preview", "deploy", "drift"]
GRANTED = {
    "preview": {"contents": "read", "pull-requests": "write"},
    "deploy": {"contents": "read"},
    "drift": {"contents": "read", "issues": "write"},
}


def text(name):
    return (FOLDER / f"{name}.yml").read_text()


def job(name):
    (only,) = yaml.safe_load(text(name))["jobs"].values()
    return only


def steps(name):
    return job(name)["steps"]


def test_these_are_all():
    assert sorted(path.name for path in FOLDER.iterdir()) == sorted(f"{name}.yml" for name in NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_step_only_calls_a_script(name):
    commands = [step["run"] for step in steps(name) if "run" in step]
    assert commands == ["scripts/setup", f"scripts/{name}"]
    assert all(os.access(ROOT / command, os.X_OK) for command in commands)


@pytest.mark.parametrize("name", NAMES)
def test_permissions_are_the_least(name):
    assert yaml.safe_load(text(name))["permissions"] == {}
    assert job(name)["permissions"] == GRANTED[name]
    assert steps(name)[0]["with"] == {"persist-credentials": False}


@pytest.mark.parametrize("name", NAMES)
def test_every_action_is_pinned_with_its_version(name):
    used = re.findall(r"uses: (.+)", text(name))
    assert used
    for line in used:
        assert re.fullmatch(r"actions/[a-z-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", line), line


@pytest.mark.parametrize("name", NAMES)
def test_a_secret_is_in_the_environment_of_one_step_and_nowhere_else(name):
    *others, last = [step for step in steps(name) if "upload-artifact" not in step.get("uses", "")]
    given = {key for key, value in last["env"].items() if "secrets." in value or "github.token" in value}
    assert all(last["env"][key].endswith(f"secrets.{key} }}}}") for key in given - {"GITHUB_TOKEN"})
    assert len(re.findall(r"secrets\.|github\.token", text(name))) == len(given)
    assert not any("env" in step for step in others)


@pytest.mark.parametrize("name", NAMES)
def test_set_up_is_kept_from_every_secret_that_a_step_is_given(name):
    kept = re.search(
        r"^secrets=\((.*?)\)", (ROOT / "review" / "github" / "environment.sh").read_text(), re.MULTILINE | re.DOTALL
    )
    env = steps(name)[2]["env"]
    assert {key for key, value in env.items() if "secrets." in value} | {"GITHUB_TOKEN"} <= set(kept[1].split())


def test_code_of_a_pull_request_runs_as_a_pull_request_only():
    assert list(yaml.safe_load(text("preview"))[True]) == ["pull_request"]  # YAML 1.1 reads `on` as true
    assert "pull_request_target:" not in "".join(text(name) for name in NAMES)


def test_a_stack_is_changed_and_judged_by_one_run_at_a_time():
    deploy, drift = (yaml.safe_load(text(name))["concurrency"] for name in ("deploy", "drift"))
    assert deploy == drift
    assert deploy == {"group": "stack-${{ vars.STACK || 'prod' }}", "cancel-in-progress": False, "queue": "max"}


def test_manual_runs_are_for_main_only():
    assert {job(name)["if"] for name in ("deploy", "drift")} == {"github.ref == 'refs/heads/main'"}


def lint(folder, tool):
    """Run the lines of scripts/test that call a linter, in a folder; return whether all passed, and what they said."""
    lines = [line for line in (ROOT / "scripts" / "test").read_text().splitlines() if line.startswith(f"{tool} ")]
    assert lines
    path = {**os.environ, "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])}
    done = [
        subprocess.run(["bash", "-c", line], cwd=folder, env=path, capture_output=True, text=True) for line in lines
    ]
    return all(run.returncode == 0 for run in done), "".join(run.stdout + run.stderr for run in done)


@pytest.fixture
def copy(tmp_path):
    shutil.copytree(FOLDER, tmp_path / ".github" / "workflows")
    for name in ("scripts", "review", "tests/benchmarks"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    return tmp_path


@pytest.mark.parametrize("tool", ["check-jsonschema", "zizmor", "shellcheck"])
def test_the_linters_pass_as_scripts_test_calls_them(copy, tool):
    passed, said = lint(copy, tool)
    assert passed, said


@pytest.mark.parametrize(
    ("tool", "old", "new", "said"),
    [
        ("check-jsonschema", "    steps:\n", "    stepz: 1\n    steps:\n", "stepz"),
        ("check-jsonschema", "    timeout-minutes: 20\n", "", "timeout-minutes"),
        ("zizmor", r"checkout@[0-9a-f]{40} # v7.0.1", "checkout@v7", "unpinned-uses"),
        ("zizmor", "run: scripts/preview", "run: echo ${{ github.event.pull_request.title }}", "template-injection"),
        ("zizmor", "  pull_request:\n", "  pull_request_target:\n", "dangerous-triggers"),
        ("zizmor", "permissions: {}", "permissions: write-all", "excessive-permissions"),
        ("zizmor", "          persist-credentials: false\n", "          fetch-depth: 1\n", "artipacked"),
        ("zizmor", "    environment:\n      name: preview\n      deployment: false\n", "", "secrets-outside-env"),
    ],
)
def test_a_linter_fails_on_a_broken_workflow(copy, tool, old, new, said):
    workflow = copy / ".github" / "workflows" / "preview.yml"
    broken, count = re.subn(old, lambda _: new, workflow.read_text())
    assert count == 1
    workflow.write_text(broken)
    passed, output = lint(copy, tool)
    assert not passed
    assert said in output


def test_shellcheck_fails_on_a_broken_script(copy):
    with (copy / "scripts" / "drift").open("a") as script:
        script.write("rm -rf $work/*\n")
    passed, output = lint(copy, "shellcheck")
    assert not passed
    assert "SC2086" in output
