"""What is shell alone: the functions that the scripts share, and what drift decides; their commands are stand-ins."""

import os
import re
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[4] / "review" / "github" / "environment.sh"


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


def test_a_summary_is_appended_to(tmp_path):
    (tmp_path / "one").write_text("one")
    for _ in range(2):
        done = bash("summary", "summary one", tmp_path, GITHUB_STEP_SUMMARY=str(tmp_path / "summary"))
        assert (done.returncode, done.stdout) == (0, "")
    assert (tmp_path / "summary").read_text() == "one\none\n"


def test_without_github_it_is_shown(tmp_path):
    (tmp_path / "one").write_text("one\n")
    assert bash("summary", "summary one", tmp_path).stdout == "one\n"


def test_what_github_would_drop_is_said_to_be_in_the_log_and_is(tmp_path):
    (tmp_path / "big").write_text("x" * 600_000)
    body = "summary big; summary big"
    done = bash("summary", body, tmp_path, GITHUB_STEP_SUMMARY=str(tmp_path / "summary"))
    assert done.stdout == "x" * 600_000
    written = (tmp_path / "summary").read_text()
    assert written.startswith("x" * 600_000 + "\n\n*A part is left out")
    assert len(written) < 2**20


# The engine: its exit code, and what it wrote. The review: 1 for nothing to read, else what $found says.
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


# What the review and the checks say; what is called on GitHub is noted.
VERDICTS = """
review() { reviewed=$review_says; echo seen >"$work/review.md"; }
summary() { :; }
say() { :; }
python() {
  case $2 in
    checks) echo "$*" >"$work/checks.md"; return "$checks_say" ;;
    review.github) echo "$4"; return "$github_says" ;;
  esac
}
"""
REST = (SCRIPT.parents[2] / "scripts" / "drift").read_text().partition("need_token\n")[2]


@pytest.mark.parametrize(
    ("review_says", "checks_say", "github_says", "written", "code"),
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
def test_what_becomes_of_a_drifts_issue_and_job(tmp_path, review_says, checks_say, github_says, written, code):
    given = {"review_says": str(review_says), "checks_say": str(checks_say), "github_says": str(github_says)}
    done = bash("", VERDICTS + REST, tmp_path, **given)
    assert (done.returncode, done.stdout.strip()) == (code, written), done.stderr
    assert {"--read-only", "--strict"} <= set((tmp_path / "checks.md").read_text().split())
