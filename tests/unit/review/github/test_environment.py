"""The shell functions of the scripts, and the decisions of scripts/drift. Their commands are stand-ins."""

import os
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[4]
SCRIPT = ROOT / "review" / "github" / "environment.sh"
CANARY = "canary-Zq7xV2pL9tB4wR8nK3mD6"


def bash(name, body, folder, **environment):
    """Run lines of shell in which the named functions of the script are known."""
    names = name.split()
    found = [re.search(rf"^{one}\(\) {{.*?^}}", SCRIPT.read_text(), re.MULTILINE | re.DOTALL)[0] for one in names]
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", "\n".join([*found, body])],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "work": str(folder), "STACK": "prod", **environment},
        capture_output=True,
        text=True,
    )


OPTIONS = SCRIPT.with_name("debug_options.sh")
REFUSING = ["deploy", "preview", "drift", "verify", "rehearse", "conformance"]


def refused(script, *options, **environment):
    """Run a script that a debug option stops. Returns its last line."""
    path = {name: os.environ[name] for name in ("PATH", "HOME")}
    given = {**path, "CLOUDFLARE_API_TOKEN": CANARY, "STACK": "prod", **environment}
    command = ["bash", *options, f"scripts/{script}"]
    done = subprocess.run(command, cwd=ROOT, env=given, capture_output=True, text=True, timeout=20)
    assert done.returncode == 2, done.stderr
    assert CANARY not in done.stdout + done.stderr
    return done.stderr.splitlines()[-1]


@pytest.mark.parametrize("script", REFUSING)
def test_a_debug_option_that_prints_secrets_is_refused_in_one_line(script):
    assert refused(script, TF_LOG="DEBUG") == f"{script}: TF_LOG prints secrets. Next: unset TF_LOG (docs/secrets.md)"
    assert refused(script, "-x").startswith(f"{script}: bash -x (SHELLOPTS=xtrace) prints secrets. Next: unset it")
    assert refused(script, SHELLOPTS="xtrace").startswith(f"{script}: bash -x (SHELLOPTS=xtrace)")


def called(script, *arguments, **environment):
    """Run a script with arguments. Returns the exit code and both outputs."""
    path = {name: os.environ[name] for name in ("PATH", "HOME")}
    command = ["bash", f"scripts/{script}", *arguments]
    done = subprocess.run(
        command, cwd=ROOT, env=path | environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=20
    )
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize("script", ["deploy", "preview", "drift", "verify"])
def test_an_argument_is_refused_and_help_is_shown_before_anything_runs(script):
    """`scripts/deploy staging` must not deploy the stack of STACK, and `--help` must not deploy at all."""
    code, out, err = called(script, "staging", STACK="prod")
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert err.startswith(
        f"{script}: 'staging': it takes variables and no arguments. Next: STACK=NAME scripts/{script}"
    )
    code, out, err = called(script, "--help", STACK="prod")
    assert (code, err) == (0, "")
    assert "Needs STACK, CLOUDFLARE_API_TOKEN" in out
    assert "set -euo" not in out


def test_a_missing_stack_is_one_line_with_the_next_command():
    code, _, err = called("deploy")
    said = "deploy: STACK is not set. Next: STACK=NAME scripts/deploy. `pulumi stack ls` lists the names\n"
    assert (code, err) == (2, said)


@pytest.mark.parametrize("script", ["release", "build-workers"])
def test_an_option_is_not_a_file(script):
    code, _, err = called(script, "--help")
    assert (code, err.startswith(f"usage: scripts/{script} [")) == (2, True)
    assert not (ROOT / "--help").exists()


def loaded(**environment):
    """Return the exit code and the error of the file that refuses debug options."""
    path = {"PATH": os.environ["PATH"]}
    done = subprocess.run(["bash", str(OPTIONS)], env={**path, **environment}, capture_output=True, text=True)
    return done.returncode, done.stderr


def list_refused():
    """Return the variables that the file names, with an example for a pattern. GODEBUG is refused for one value."""
    patterns = re.findall(r"^    ([A-Z][A-Z_*| ]+)\) ", OPTIONS.read_text(), re.MULTILINE)
    names = [name.strip().replace("*", "PROVIDER") for line in patterns for name in line.split("|")]
    return [name for name in names if name != "GODEBUG"]


@pytest.mark.parametrize("name", list_refused())
def test_each_variable_is_refused_and_is_on_the_page(name):
    code, said = loaded(**{name: "1"})
    assert (code, f"{name} prints secrets. Next: unset {name}" in said) == (2, True)
    assert f"`{name}`" in (ROOT / "docs" / "secrets.md").read_text()


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"TF_LOG": ""},
        {"TF_LOG": "off"},
        {"PULUMI_OPTION_VERBOSE": "0"},
        {"GODEBUG": "netdns=go"},
        {"RUNNER_DEBUG": "1"},
        {"PULUMI_OPTION_CONFIG_FILE": "x"},
        {"PULUMI_DEBUG_COMMANDS": "true"},
    ],
)
def test_a_variable_that_prints_no_secret_is_allowed(given):
    assert loaded(**given) == (0, "")


def test_the_headers_of_go_are_refused():
    assert loaded(GODEBUG="netdns=go,http2debug=2")[0] == 2


def test_a_summary_is_appended_to(tmp_path):
    (tmp_path / "one").write_text("one")
    for _ in range(2):
        done = bash("summary", "summary one", tmp_path, GITHUB_STEP_SUMMARY=str(tmp_path / "summary"))
        assert (done.returncode, done.stdout) == (0, "")
    assert (tmp_path / "summary").read_text() == "one\none\n"


def test_without_github_it_is_shown(tmp_path):
    (tmp_path / "one").write_text("one\n")
    assert bash("summary", "summary one", tmp_path).stdout == "one\n"


def test_the_report_of_the_checks_is_on_a_terminal_once(tmp_path):
    (tmp_path / "one").write_text("one")
    (tmp_path / "empty").touch()
    assert bash("summary markdown", "markdown one", tmp_path).stdout == ""
    body = "markdown one; markdown empty; markdown absent"
    done = bash("summary markdown", body, tmp_path, GITHUB_STEP_SUMMARY=str(tmp_path / "summary"))
    assert (done.returncode, (tmp_path / "summary").read_text()) == (0, "one\n")


def test_a_summary_beyond_the_limit_of_github_goes_to_the_log(tmp_path):
    (tmp_path / "big").write_text("x" * 600_000)
    body = "summary big; summary big"
    done = bash("summary", body, tmp_path, GITHUB_STEP_SUMMARY=str(tmp_path / "summary"))
    assert done.stdout == "x" * 600_000
    written = (tmp_path / "summary").read_text()
    assert written.startswith("x" * 600_000 + "\n\n*A part is left out")
    assert len(written) < 2**20


# The engine: its exit code and output. The review: 1 for empty input, else $found.
STAND_INS = """
pulumi() { printf '%s' "$wrote"; return "$ended"; }
python() {
  [ "$2" = review.github ] && return 0
  if [ -z "$(cat)" ]; then echo failed; return 1; fi
  echo reviewed; return "$found"
}
review
echo "$reviewed $(cat "$work/review.md")"
"""


@pytest.mark.parametrize(
    ("ended", "wrote", "found", "said"),
    [
        (0, "{}", 0, "0 reviewed"),
        (0, "{}", 2, "2 reviewed"),
        (255, "{}", 1, "1 reviewed"),
        (255, "", 0, "1 failed"),
        (255, "{}", 0, "1 failed"),  # a part that looks like "no change"
        (255, "{}", 2, "1 failed"),
        (0, "{}", 137, "1 reviewed"),
    ],
)
def test_a_preview_that_failed_is_never_read_as_another(tmp_path, ended, wrote, found, said):
    done = bash("review comment_on", STAND_INS, tmp_path, ended=str(ended), wrote=wrote, found=str(found))
    assert (done.returncode, done.stdout.strip()) == (0, said), done.stderr


def test_a_mistake_that_the_question_finds_is_one_line(tmp_path):
    asked = (
        'python() { echo "error: $*"; return "$code"; }; ask_first && echo "asked:$refused" || echo "refused:$refused"'
    )
    assert bash("ask_first", asked, tmp_path, code="0").stdout == "asked:\n"
    assert bash("ask_first", asked, tmp_path, code="3").stdout == "refused:-m checks preflight --stack prod\n"


# The exit codes of the review and the checks. Calls of GitHub are recorded.
EXIT_CODES = """
refused=$mistake
ask_first() { [ -z "$refused" ]; }
review() { reviewed=$review_code; echo seen >"$work/review.md"; }
summary() { :; }
markdown() { :; }
say() { echo "$*" >"$work/said"; }
python() {
  case $2 in
    checks) echo "$*" >"$work/checks.md"; return "$checks_code" ;;
    backfill) echo "$*"; echo "a line" >&2; echo "error: no list" >&2; return "${picture_code:-0}" ;;
    review.github) echo "$4"; return "$github_code" ;;
  esac
}
"""
REST = (SCRIPT.parents[2] / "scripts" / "drift").read_text().partition("need_token\n")[2]


@pytest.mark.parametrize(
    ("review_code", "checks_code", "github_code", "written", "code"),
    [
        (0, 0, 0, "--close", 0),
        (2, 0, 0, "--open", 0),
        (0, 1, 0, "--open", 0),
        (2, 1, 0, "--open", 0),
        (1, 0, 0, "", 1),
        (0, 3, 0, "", 1),
        (0, 2, 0, "", 1),
        (1, 3, 0, "", 1),
        (0, 137, 0, "", 1),
        (2, 3, 0, "--open", 1),
        (1, 1, 0, "--open", 1),
        (2, 1, 1, "--open", 1),
        (0, 0, 2, "--close", 1),
    ],
)
def test_the_issue_and_the_exit_code_of_the_drift_job(tmp_path, review_code, checks_code, github_code, written, code):
    given = {"review_code": str(review_code), "checks_code": str(checks_code), "github_code": str(github_code)}
    given |= {"mistake": "", "GITHUB_TOKEN": "fake"}
    done = bash("", EXIT_CODES + REST, tmp_path, **given)
    assert (done.returncode, done.stdout.strip()) == (code, written), done.stderr
    words = (tmp_path / "checks.md").read_text().split()
    assert "--read-only" in words
    assert "--allow-missing-credentials" not in words


@pytest.mark.parametrize(
    ("review_code", "checks_code", "code", "said"),
    [
        (0, 0, 0, "no drift: the preview is empty and every check passes."),
        (2, 0, 1, "drift: the live stack differs from its declaration"),
        (0, 1, 1, "drift: the live stack differs from its declaration"),
        (0, 3, 1, "inconclusive: the preview or the checks could not read the stack, see the lines above"),
    ],
)
def test_outside_of_github_drift_is_an_exit_code_and_no_issue(tmp_path, review_code, checks_code, code, said):
    given = {"review_code": str(review_code), "checks_code": str(checks_code), "github_code": "0", "mistake": ""}
    done = bash("", EXIT_CODES + REST, tmp_path, **given)
    assert (done.returncode, done.stdout) == (code, ""), done.stderr
    assert (tmp_path / "said").read_text() == f"{said}\n"


def test_a_step_of_github_without_its_token_is_still_asked_for_the_issue(tmp_path):
    given = {"review_code": "0", "checks_code": "0", "github_code": "2", "mistake": "", "GITHUB_ACTIONS": "true"}
    done = bash("", EXIT_CODES + REST, tmp_path, **given)
    assert (done.returncode, done.stdout.strip()) == (1, "--close"), done.stderr


@pytest.mark.parametrize("script", ["drift", "verify"])
def test_the_checks_look_in_spite_of_a_mistake_because_they_tell_the_webhook(tmp_path, script):
    """The last line is the mistake, and a preview that would retry for minutes is left out."""
    rest = (SCRIPT.parents[2] / "scripts" / script).read_text().partition("need_token\n")[2]
    given = {"review_code": "0", "checks_code": "3", "github_code": "0", "mistake": "no such account"}
    done = bash("", f"told=()\n{EXIT_CODES}{rest}", tmp_path, **given)
    assert done.returncode == {"drift": 1, "verify": 3}[script], done.stderr
    assert (tmp_path / "said").read_text() == "inconclusive: no such account\n"
    assert (tmp_path / "checks.md").exists()
    assert not (tmp_path / "review.md").exists()


@pytest.mark.parametrize("code", [0, 1, 3])
def test_the_picture_of_the_night_follows_the_checks_and_changes_no_exit_code(tmp_path, code):
    rest = (SCRIPT.parents[2] / "scripts" / "verify").read_text().partition("need_token\n")[2]
    given = {"checks_code": str(code), "mistake": ""}
    shell = f'told=()\n{EXIT_CODES}picture() {{ cat "$1"; }}\n{rest}'
    done = bash("", shell, tmp_path, **given, PAGE_FILE="a page.html")
    assert (done.returncode, done.stdout) == (code, "-m backfill status --stack prod --html a page.html\n"), done.stderr
    assert bash("", shell, tmp_path, **given).stdout == "-m backfill status --stack prod\n"
    assert bash("", shell, tmp_path, **given, WHAT="standstill").stdout == ""
    assert not (tmp_path / "said").exists()
    done = bash("", shell, tmp_path, **given, picture_code="3")
    assert (done.returncode, done.stdout) == (code, "")
    assert (tmp_path / "said").read_text() == "no picture: error: no list\n"


def test_the_picture_is_a_block_of_text_in_the_summary(tmp_path):
    picture = tmp_path / "picture.txt"
    picture.write_text("site  *a* <b>\n```\n■ ■\n")
    summary_file = tmp_path / "summary.md"
    shown = bash("summary picture", 'picture "$work/picture.txt"', tmp_path)
    assert shown.stdout == picture.read_text()
    bash("summary picture", 'picture "$work/picture.txt"', tmp_path, GITHUB_STEP_SUMMARY=str(summary_file))
    assert summary_file.read_text() == f"### The stored days\n\n````text\n{picture.read_text()}````\n\n"
    picture.write_text("■ " * 400_000)
    done = bash("summary picture", 'picture "$work/picture.txt"', tmp_path, GITHUB_STEP_SUMMARY=str(summary_file))
    assert summary_file.stat().st_size < 2**20
    assert "A part is left out" in summary_file.read_text()
    assert "■ ■" in done.stdout


def test_another_verification_than_the_two_is_refused(tmp_path):
    rest = (SCRIPT.parents[2] / "scripts" / "verify").read_text().partition("need_token\n")[2]
    done = bash("", f"told=()\nmistake=\n{EXIT_CODES}{rest}", tmp_path, WHAT="standstil")
    assert done.returncode == 2
    assert (tmp_path / "said").read_text() == "WHAT: expected all or standstill, found 'standstil'\n"
    assert not (tmp_path / "checks.md").exists()


# The preview, with a review of given exit code and labels, and GitHub's answers. Calls of GitHub are recorded.
PREVIEWED = """
ask_first() { :; }
review() { reviewed=$review_code; echo seen >"$work/review.md"; printf '%s\\n' $labels >"$work/labels"; }
summary() { :; }
say() { echo "$*" >&2; }
python() {
  echo "$3"
  case $3 in
    comment) return "$comment_code" ;;
    labels) return "$labels_code" ;;
  esac
}
"""
PREVIEW = (SCRIPT.parents[2] / "scripts" / "preview").read_text().rpartition("need_token\n")[2]
LOSS = "preview:changes preview:loss"


@pytest.mark.parametrize(
    ("given", "called", "code"),
    [
        ({}, ["labels", "comment"], 0),
        ({"review_code": "1"}, ["labels", "comment"], 1),
        ({"comment_code": "1"}, ["labels", "comment"], 1),
        ({"labels": LOSS, "labels_code": "3"}, ["labels", "comment"], 3),
        ({"labels": LOSS}, ["labels", "comment"], 0),  # a person has set the label
        ({"GITHUB_EVENT_NAME": "", "labels": LOSS}, [], 3),
        ({"GITHUB_EVENT_NAME": "", "labels": LOSS, "LOSS_ACKNOWLEDGED": "true"}, [], 0),
        ({"GITHUB_EVENT_NAME": "", "labels": LOSS, "LOSS_ACKNOWLEDGED": "yes"}, [], 3),
        ({"GITHUB_EVENT_NAME": "push", "labels": LOSS}, [], 3),
        ({"GITHUB_EVENT_NAME": "merge_group", "labels": LOSS}, [], 0),
        ({"GITHUB_EVENT_NAME": "merge_group", "review_code": "1"}, [], 1),
        ({"GITHUB_TOKEN": "", "labels": LOSS}, [], 3),
    ],
)
def test_a_loss_fails_the_preview_until_a_person_accepts_it(tmp_path, given, called, code):
    usual = {"review_code": "2", "comment_code": "0", "labels_code": "0", "labels": "preview:changes"}
    github = {"GITHUB_EVENT_NAME": "pull_request", "GITHUB_TOKEN": "fake"}
    done = bash("", PREVIEWED + PREVIEW, tmp_path, **usual | github | given)
    assert (done.returncode, done.stdout.split()) == (code, called), done.stderr


DEPLOY = (SCRIPT.parents[2] / "scripts" / "deploy").read_text().rpartition("need_token\n")[2]
DEPLOYED = """
say() { echo "$*" >&2; }
ask_first() { :; }
drop_work() { :; }
told=()
exec() { echo "$*"; }
"""


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"RELEASE_LOCK": "yes"}, "RELEASE_LOCK: expected true or false, found 'yes'"),
        ({"JUNIT_FILE": "/nowhere/x.xml"}, "JUNIT_FILE: the folder of '/nowhere/x.xml' does not exist."),
    ],
)
def test_a_wrong_variable_is_refused_before_the_deployment(tmp_path, given, said):
    done = bash("", DEPLOYED + DEPLOY, tmp_path, **given)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(said)


def test_the_variables_of_a_deployment_become_options(tmp_path):
    given = {"RELEASE_LOCK": "true", "JUNIT_FILE": str(tmp_path / "x.xml"), "ROLLBACK": "auto"}
    done = bash("", DEPLOYED + DEPLOY, tmp_path, **given)
    options = f"--junit {tmp_path}/x.xml --rollback auto --release-lock"
    assert (done.returncode, done.stdout.strip()) == (0, f"python -m deployment deploy {options}"), done.stderr
    assert bash("", DEPLOYED + DEPLOY, tmp_path, RELEASE_LOCK="").returncode == 0
