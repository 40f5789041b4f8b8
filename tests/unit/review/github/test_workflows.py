"""The workflows: rules that no linter has, and the linters of scripts/test on broken workflows."""

import contextlib
import itertools
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from checks import catalog

ROOT = Path(__file__).parents[4]
FOLDER = ROOT / ".github" / "workflows"
NAMES = ["preview", "deploy", "drift", "verify"]
LOG_IN = "$/.github/actions/log-in"
TOKEN = {"id-token": "write"}  # GitHub's token, which the action exchanges
GRANTED = {
    "preview": {"contents": "read", "pull-requests": "write", "issues": "write", **TOKEN},
    "deploy": {"contents": "read", **TOKEN},
    "drift": {"contents": "read", "issues": "write", **TOKEN},
    "verify": {"contents": "read", **TOKEN},
}
TEST = "$/.github/workflows/test.yml"


def text(name):
    return (FOLDER / f"{name}.yml").read_text()


def job(name):
    return yaml.safe_load(text(name))["jobs"][name]


def steps(name):
    return job(name)["steps"]


def test_these_are_all():
    names = [*NAMES, "test", "release"]
    assert sorted(path.name for path in FOLDER.iterdir()) == sorted(f"{name}.yml" for name in names)
    assert {name: list(yaml.safe_load(text(name))["jobs"]) for name in names} == {
        "preview": ["preview"],
        "deploy": ["test", "staging", "deploy"],
        "drift": ["drift"],
        "verify": ["verify"],
        "test": ["test"],
        "release": ["test", "release"],
    }


def needs_of(job):
    needs = job.get("needs", [])
    return [needs] if isinstance(needs, str) else needs


def may_start(job, results, *, staging="", cancelled=False):
    """Evaluate the condition of a job on main as GitHub does, which adds success() to one without a status function."""
    condition = str(job.get("if", "true"))
    succeeded = not cancelled and all(results[name] == "success" for name in needs_of(job))
    if not re.search(r"(success|always|failure|cancelled)\(\)", condition):
        condition = f"success() && {condition}"
    for old, new in {
        r"^\$\{\{|\}\}": "",
        r"\bneeds\.(\w+)\.result": r"results['\1']",
        "github.ref": "'refs/heads/main'",
        "vars.STAGING_STACK": repr(staging),
        r"success\(\)": str(succeeded),
        r"always\(\)": "True",
        r"failure\(\)": str("failure" in results.values()),
        r"cancelled\(\)": str(cancelled),
        "&&": " and ",
        r"\|\|": " or ",
        "!(?!=)": " not ",
        r"\btrue\b": "True",
        r"\bfalse\b": "False",
    }.items():
        condition = re.sub(old, new, condition)
    return bool(eval(condition.replace("\n", " ").strip(), {"results": results}))  # noqa: S307 - text of this repository


ENDS = ("success", "failure", "cancelled", "skipped")


def gaps(deploy, test):
    """Yields each way in which a deployment can start although a test fails, is cancelled or did not run."""
    deploy, test = yaml.safe_load(deploy)["jobs"], yaml.safe_load(test)
    calls = [name for name, item in deploy.items() if item.get("uses") == TEST]
    for name, item in deploy.items():
        if name not in calls and not {*calls} & {*needs_of(item)}:
            yield f"{name} does not need the tests"
    for tested, staged, staging, cancelled in itertools.product(ENDS, ENDS, ("", "staging"), (False, True)):
        results, told = {"test": tested, "staging": staged}, {"staging": staging, "cancelled": cancelled}
        green = tested == "success" and not cancelled
        if may_start(deploy["staging"], results, **told) is not (green and staging != ""):
            yield f"staging: {results}, {told}"
        if may_start(deploy["deploy"], results, **told) is not (
            green and staged == ("success" if staging else "skipped")
        ):
            yield f"deploy: {results}, {told}"
    (tests,) = test["jobs"].values()
    for item in [deploy[name] for name in calls] + [tests, *tests["steps"]]:
        if {"if", "continue-on-error"} & set(item):
            yield "the tests may be skipped or ignored"
    if [step["run"] for step in tests["steps"] if "run" in step] != ["scripts/setup", "scripts/test"]:
        yield "scripts/test does not run"
    if "workflow_call" not in test[True]:  # YAML 1.1 reads `on` as true
        yield "the tests cannot be called"


def test_no_deployment_without_green_tests_and_none_of_production_without_a_green_staging():
    assert list(gaps(text("deploy"), text("test"))) == []
    assert [name for name in NAMES if "scripts/deploy" in text(name)] == ["deploy"]


RED_TESTS = "{'test': 'failure', 'staging': 'skipped'}, {'staging': '', 'cancelled': False}"
RED_STAGING = "{'test': 'success', 'staging': 'failure'}, {'staging': 'staging', 'cancelled': False}"
CANCELLED = "{'test': 'success', 'staging': 'skipped'}, {'staging': '', 'cancelled': True}"
WITHOUT_STAGING = "{'test': 'success', 'staging': 'skipped'}, {'staging': '', 'cancelled': False}"


@pytest.mark.parametrize(
    ("name", "old", "new", "gap"),
    [
        ("deploy", "    needs: test #.*\n", "", "staging does not need the tests"),
        ("deploy", re.escape("[test, staging]"), "[staging]", "deploy does not need the tests"),
        ("deploy", re.escape(TEST), "$/.github/workflows/drift.yml", "deploy does not need the tests"),
        ("deploy", "    if: github", "    if: always() && github", "staging: " + RED_TESTS.replace("''", "'staging'")),
        ("deploy", " && needs.test.result == 'success'", "", f"deploy: {RED_TESTS}"),
        ("deploy", "&& needs.staging.*\n", "\n", f"deploy: {RED_STAGING}"),
        ("deploy", re.escape("!cancelled()"), "always()", f"deploy: {CANCELLED}"),
        ("deploy", re.escape("!cancelled() && "), "", f"deploy: {WITHOUT_STAGING}"),
        ("deploy", r"    uses: \$(?=.*test.yml)", "    if: false\n    uses: $", "the tests may be skipped or ignored"),
        ("test", "    timeout", "    continue-on-error: true\n    timeout", "the tests may be skipped or ignored"),
        ("test", "run: scripts/test", "run: scripts/test || true", "scripts/test does not run"),
        ("test", "  workflow_call:\n", "", "the tests cannot be called"),
    ],
)
def test_a_gap_between_tests_and_deployment_is_found(name, old, new, gap):
    texts = {"deploy": text("deploy"), "test": text("test")}
    texts[name], count = re.subn(old, lambda _: new, texts[name])
    assert count == 1
    assert gap in list(gaps(**texts))


def test_the_oldest_and_the_newest_python_are_tested():
    tests = yaml.safe_load(text("test"))
    assert tests["jobs"]["test"]["strategy"]["matrix"] == {"python": ["3.11", "3.14"]}
    assert set(tests[True]) == {"pull_request", "merge_group", "workflow_call"}
    assert "secrets" not in text("test")
    assert tests["permissions"] == {}
    calls = [yaml.safe_load(text(name))["jobs"]["test"]["permissions"] for name in ("test", "deploy")]
    assert calls == [{"contents": "read"}] * 2


@pytest.mark.parametrize("name", NAMES)
def test_a_step_only_calls_a_script(name):
    commands = [step["run"] for step in steps(name) if "run" in step]
    started = "exec scripts/deploy" if name == "deploy" else f"scripts/{name}"
    assert commands == ["scripts/setup --production", started]
    assert all(os.access(ROOT / command.removeprefix("exec ").split()[0], os.X_OK) for command in commands)


def test_a_cancelled_deployment_gets_the_signal_itself():
    """Case P15: the runner signals the step's shell, which `exec` replaces by the script."""
    (step,) = [step for step in steps("deploy") if "scripts/deploy" in step.get("run", "")]
    assert step["run"].startswith("exec ")
    assert (ROOT / "scripts/deploy").read_text().rstrip().splitlines()[-1].startswith("exec python -m deployment")


def test_a_lock_is_released_by_a_manual_run_only():
    deploy = yaml.safe_load(text("deploy"))
    assert deploy[True]["workflow_dispatch"]["inputs"]["release-lock"]["default"] is False
    (step,) = [step for step in steps("deploy") if "scripts/deploy" in step.get("run", "")]
    assert step["env"]["RELEASE_LOCK"] == "${{ inputs.release-lock }}"


@pytest.mark.parametrize("name", NAMES)
def test_permissions_are_the_least(name):
    assert yaml.safe_load(text(name))["permissions"] == {}
    assert job(name)["permissions"] == GRANTED[name]
    assert steps(name)[0]["with"] == {"persist-credentials": False}


@pytest.mark.parametrize("name", [*NAMES, "test", "release"])
def test_every_action_is_pinned_with_its_version(name):
    used = [line for line in re.findall(r"uses: (.+)", text(name)) if line not in (TEST, LOG_IN)]
    assert used
    for line in used:
        assert re.fullmatch(r"actions/[a-z-]+(/[a-z]+)?@[0-9a-f]{40} # v\d+\.\d+\.\d+", line), line


@pytest.mark.parametrize("name", NAMES)
def test_a_secret_is_in_the_environment_of_one_step_and_nowhere_else(name):
    *others, last = [step for step in steps(name) if not re.search("upload-artifact|cache[/@]", step.get("uses", ""))]
    given = {key for key, value in last["env"].items() if "secrets." in value or "github.token" in value}
    assert all(last["env"][key].endswith(f"secrets.{key} }}}}") for key in given - {"GITHUB_TOKEN"})
    assert len(re.findall(r"secrets\.|github\.token", text(name))) == len(given)
    assert not any("env" in step for step in others)


@pytest.mark.parametrize("name", NAMES)
def test_set_up_is_kept_from_every_secret_that_a_step_is_given(name):
    kept = re.search(
        r"^secrets=\((.*?)\)", (ROOT / "review" / "github" / "environment.sh").read_text(), re.MULTILINE | re.DOTALL
    )
    (env,) = [step["env"] for step in steps(name) if "env" in step]
    assert {key for key, value in env.items() if "secrets." in value} | {"GITHUB_TOKEN"} <= set(kept[1].split())


def test_the_cloud_of_the_state_is_logged_in_to_after_set_up_and_without_a_key():
    """No key of a cloud is stored that GitHub's token can be exchanged for."""
    action = yaml.safe_load((FOLDER.parent / "actions" / "log-in" / "action.yml").read_text())
    for step in action["runs"]["steps"]:
        assert re.fullmatch(r"[\w.-]+/[\w.-]+@[0-9a-f]{40}", step["uses"])
        given = re.fullmatch(r"inputs\.([\w-]+) != ''", step["if"])[1]
        assert f"${{{{ inputs.{given} }}}}" in step["with"].values()
    for name in NAMES:
        used = [step.get("uses", step.get("run")) for step in steps(name)]
        assert (
            used.index("scripts/setup --production")
            < used.index(LOG_IN)
            < used.index(("exec " if name == "deploy" else "") + f"scripts/{name}")
        )
        (log_in,) = [step for step in steps(name) if step.get("uses") == LOG_IN]
        assert log_in["with"].keys() == action["inputs"].keys()
        assert all(re.fullmatch(r"\$\{\{ vars\.[A-Z_]+ \}\}", value) for value in log_in["with"].values())
        secrets = set(re.findall(r"secrets\.([A-Z_]+)", text(name)))
        assert {key for key in secrets if key.startswith(("AZURE", "GOOGLE"))} == set()
        for key in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):  # for stores without OIDC, after that of the action
            assert f"{key}: ${{{{ env.{key} || secrets.{key} }}}}" in text(name)


def test_a_fork_and_dependabot_are_not_logged_in_because_they_get_no_token():
    """Otherwise the action would fail, and their preview is green without one."""
    conditions = {name: step.get("if") for name in NAMES for step in steps(name) if step.get("uses") == LOG_IN}
    fork = "github.event.pull_request.head.repo.full_name == github.repository"
    bot = "github.event.sender.login != 'dependabot[bot]'"  # as review/github/event.py: a person's run gets a token
    assert conditions.pop("preview") == f"github.event_name != 'pull_request' || ({fork} && {bot})"
    assert set(conditions.values()) == {None}


def test_the_page_names_every_secret_and_variable_of_the_workflows_and_no_other():
    rows = re.findall(r"^\| (`[A-Z].*?) \| (secret|variable)", (ROOT / "docs" / "ci.md").read_text(), re.MULTILINE)
    named = {"secret": set(), "variable": set()}
    for names, kind in rows:
        named[kind] |= set(re.findall(r"`(\w+)`", names))
    every = "".join(text(name) for name in NAMES)
    assert named == {
        "secret": set(re.findall(r"secrets\.(\w+)", every)),
        "variable": set(re.findall(r"vars\.(\w+)", every)),
    }


def test_a_preview_runs_again_for_each_label_and_never_replaces_the_run_of_a_push():
    """The run of a push removes the acknowledgement of a loss, so no other run may cancel it. A skipped job is green."""
    preview = yaml.safe_load(text("preview"))
    assert set(preview[True]["pull_request"]["types"]) == {"opened", "reopened", "synchronize", "labeled", "unlabeled"}
    assert preview["concurrency"]["cancel-in-progress"] == "${{ github.event.action == 'synchronize' }}"
    assert "if" not in job("preview")


def test_code_of_a_pull_request_runs_as_a_pull_request_only():
    assert list(yaml.safe_load(text("preview"))[True]) == ["pull_request", "merge_group"]  # YAML 1.1 reads `on` as true
    assert "pull_request_target:" not in "".join(text(name) for name in NAMES)


def test_one_run_at_a_time_changes_and_checks_a_stack():
    deploy = job("deploy")["concurrency"]
    assert deploy == {"group": "stack-${{ vars.STACK || 'prod' }}", "cancel-in-progress": False, "queue": "max"}
    assert all(yaml.safe_load(text(name))["concurrency"] == deploy for name in ("drift", "verify"))
    staging = yaml.safe_load(text("deploy"))["jobs"]["staging"]["concurrency"]
    assert staging == {**deploy, "group": "stack-${{ vars.STAGING_STACK || 'staging' }}"}
    assert yaml.safe_load(text("deploy"))["concurrency"] == {**deploy, "group": "deploy"}  # keeps the commits in order


def test_staging_is_deployed_and_verified_exactly_as_production():
    staging, production = (yaml.safe_load(text("deploy"))["jobs"][name] for name in ("staging", "deploy"))
    differ = {key for key in staging.keys() | production.keys() if staging.get(key) != production.get(key)}
    assert differ == {"name", "needs", "if", "concurrency", "environment", "env"}
    assert (staging["environment"], production["environment"]) == ({"name": "staging"}, {"name": "production"})
    assert staging["env"] == {"STACK": "${{ vars.STAGING_STACK }}"}
    assert production["env"] == {"STACK": "${{ vars.STACK || 'prod' }}"}
    artifacts = [step["with"]["name"] for step in staging["steps"] if "upload-artifact" in step.get("uses", "")]
    assert all("${{ env.STACK }}" in name for name in artifacts)


@pytest.mark.parametrize("name", ["deploy", "drift", "verify"])
def test_one_state_is_restored_before_the_script_and_kept_after_a_red_run(name):
    restore, log_in, script, save, *_ = steps(name)[3:]
    assert log_in["uses"] == LOG_IN
    assert restore["uses"].startswith("actions/cache/restore@")
    assert save["uses"].startswith("actions/cache/save@")
    assert save["if"] == "always()"
    assert restore["with"]["key"].startswith(restore["with"]["restore-keys"] + "${{ github.run_id }}")
    assert save["with"] == {name: restore["with"][name] for name in ("path", "key")}
    assert script["env"]["STATE_FILE"].startswith(restore["with"]["path"] + "/")
    assert script["env"]["NOTIFY_URL"] == "${{ secrets.NOTIFY_URL }}"
    assert ("HEARTBEAT_URL" in script["env"]) is (name == "verify")


@pytest.mark.parametrize("name", [*NAMES, "test"])
def test_the_cache_of_packages_precedes_set_up_and_follows_the_compiled_requirements(name):
    (cache,) = [step for step in steps(name) if step.get("uses", "").startswith("actions/cache@")]
    assert steps(name)[steps(name).index(cache) + 1]["run"].startswith("scripts/setup")
    assert {"~/.cache/uv", "~/.pulumi/versions"} <= set(cache["with"]["path"].split())
    packages = "requirements-dev.txt" if name == "test" else "requirements.txt"
    assert {f"'{packages}'", "'toolchain/uv.txt'"} <= set(re.findall(r"'[^']+'", cache["with"]["key"]))
    assert "restore-keys" not in cache["with"]  # older packages would be kept for ever


def test_the_hourly_verification_asks_for_a_standstill_and_the_nightly_one_for_everything():
    hourly, nightly = (item["cron"] for item in yaml.safe_load(text("verify"))[True]["schedule"])
    assert re.fullmatch(r"\d+ \* \* \* \*", hourly)
    assert re.fullmatch(r"\d+ \d+ \* \* \*", nightly)
    (env,) = [step["env"] for step in steps("verify") if "env" in step]
    assert env["WHAT"] == f"${{{{ github.event.schedule == '{hourly}' && 'standstill' || 'all' }}}}"


def test_the_nightly_verification_keeps_its_page_and_the_hourly_one_has_none():
    *_, upload = steps("verify")
    hourly = yaml.safe_load(text("verify"))[True]["schedule"][0]["cron"]
    (env,) = [step["env"] for step in steps("verify") if "env" in step]
    assert upload["uses"].startswith("actions/upload-artifact@")
    assert upload["if"] == f"always() && github.event.schedule != '{hourly}'"
    assert upload["with"]["path"] == env["PAGE_FILE"] == "${{ runner.temp }}/backfill.html"


def test_manual_runs_are_for_main_only():
    assert {job(name)["if"] for name in ("drift", "verify")} == {"github.ref == 'refs/heads/main'"}
    for name in ("staging", "deploy"):
        assert "github.ref == 'refs/heads/main' &&" in yaml.safe_load(text("deploy"))["jobs"][name]["if"]


def run_check_jsonschema(folder, line):
    """Run check-jsonschema in this process, as the shell would start it. Its start takes longer than its work."""
    from check_jsonschema import main  # each process of the tests collects this module

    arguments = []
    for word in shlex.split(line)[1:]:
        arguments += sorted(str(path.relative_to(folder)) for path in folder.glob(word)) if "*" in word else [word]
    with contextlib.chdir(folder):
        done = CliRunner().invoke(main, arguments)
    return done.exit_code == 0, done.output


def lint(folder, tool):
    """Run the lines of scripts/test that call a linter, in a folder. Returns whether all passed, and their output."""
    lines = [line for line in (ROOT / "scripts" / "test").read_text().splitlines() if line.startswith(f"{tool} ")]
    assert lines
    if tool == "check-jsonschema":
        results = [run_check_jsonschema(folder, line) for line in lines]
        return all(passed for passed, _ in results), "".join(said for _, said in results)
    path = {**os.environ, "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])}
    done = [
        subprocess.run(["bash", "-c", line], cwd=folder, env=path, capture_output=True, text=True) for line in lines
    ]
    return all(run.returncode == 0 for run in done), "".join(run.stdout + run.stderr for run in done)


@pytest.fixture
def copy(tmp_path):
    shutil.copytree(FOLDER.parent, tmp_path / ".github")
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


@pytest.mark.parametrize(
    ("tool", "name", "old", "new", "said"),
    [
        ("check-jsonschema", "dependabot.yml", "interval: monthly", "interval: hourly", "hourly"),
        ("zizmor", "dependabot.yml", "    cooldown: {default-days: 7}\n", "", "dependabot-cooldown"),
        ("check-jsonschema", "ISSUE_TEMPLATE/bug.yml", "type: dropdown", "type: radio", "radio"),
    ],
)
def test_a_linter_fails_on_broken_settings_of_github(copy, tool, name, old, new, said):
    file = copy / ".github" / name
    assert old in file.read_text()
    file.write_text(file.read_text().replace(old, new, 1))
    passed, output = lint(copy, tool)
    assert not passed
    assert said in output


def test_shellcheck_fails_on_a_broken_script(copy):
    with (copy / "scripts" / "drift").open("a") as script:
        script.write("rm -rf $work/*\n")
    passed, output = lint(copy, "shellcheck")
    assert not passed
    assert "SC2086" in output


def test_the_hourly_verification_names_checks_that_exist_and_change_nothing():
    named = re.search(r"what=\((.+) --read-only\)", (ROOT / "scripts" / "verify").read_text(), re.MULTILINE)
    assert named[1].split() == ["fresh", "history"]
    assert all("read-only" in catalog.load()[name].tags for name in named[1].split())
