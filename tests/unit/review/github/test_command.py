import json
import re
from pathlib import Path

import pytest

from review.github import __main__ as command
from review.github import client, event


@pytest.fixture
def run(hub, repository, monkeypatch, tmp_path, capsys):
    from contextlib import contextmanager

    @contextmanager
    def opened(environ):
        yield repository

    def write(data):
        (tmp_path / "event.json").write_text(data if isinstance(data, str) else json.dumps(data))

    def run(*arguments, data=None):
        if data is not None:
            write(data)
        with pytest.raises(SystemExit) as ended:
            command.main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return ended.value.code, captured.out + captured.err

    for name in ("GITHUB_SERVER_URL", "GITHUB_RUN_ID"):
        monkeypatch.delenv(name, raising=False)
    for name, value in hub.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("GITHUB_EVENT_PATH", str(tmp_path / "event.json"))
    monkeypatch.setattr(client, "open_repository", opened)
    return run


def pull_request(repo="owner/name", sender="jo", **more):
    head = {"sha": "0123456789abcdef", "repo": {"full_name": repo} if repo else None}
    return {"pull_request": {"number": 7, "head": head, **more}, "sender": {"login": sender}}


@pytest.fixture
def body(tmp_path):
    path = tmp_path / "body.md"
    path.write_text("<!-- m -->\ntext\n")
    return path


def test_the_comment_names_its_commit_and_run(hub, run, body, monkeypatch):
    monkeypatch.setenv("GITHUB_SERVER_URL", "https://hub.test")
    monkeypatch.setenv("GITHUB_RUN_ID", "42")
    code, output = run("comment", "--file", body, data=pull_request())
    assert (code, output) == (0, "comment created: https://hub.test/owner/name/1\n")
    run_ = "https://hub.test/owner/name/actions/runs/42"
    assert hub.comments[7][0]["body"] == f"<!-- m -->\ntext\n\n<sub>commit 0123456 · [run]({run_})</sub>\n"


def test_a_loss_is_refused_until_a_person_sets_the_label_after_the_comment(hub, run, body, tmp_path):
    (tmp_path / "labels").write_text("preview:changes\npreview:loss\n")

    def preview(action, head="0123456789abcdef"):
        data = pull_request() | {"action": action}
        data["pull_request"]["head"]["sha"] = head
        code, output = run("labels", "--file", tmp_path / "labels", "--comment", body, data=data)
        assert run("comment", "--file", body)[0] == 0
        return code, output

    hub.labels[7] = ["loss-acknowledged"]  # nothing was shown yet
    code, output = preview("opened")
    assert code == 3
    assert output.startswith("labels: preview:changes, preview:loss\nerror: this pull request would lose")
    hub.labels[7].append("loss-acknowledged")
    assert preview("labeled")[0] == 0
    assert preview("synchronize")[0] == 0  # the same run once more
    # Commits that arrived while the pull request was closed, or whose own run was replaced by another one.
    assert preview("reopened", head="89abcdef01234567")[0] == 3
    assert hub.labels[7] == ["preview:changes", "preview:loss"]


def test_a_copied_comment_acknowledges_nothing(hub, run, body, tmp_path):
    (tmp_path / "labels").write_text("preview:loss\n")
    hub.comment(7, "<!-- m -->\ntext\n\n<sub>commit 0123456</sub>\n", "mallory")
    hub.labels[7] = ["preview:loss", "loss-acknowledged"]
    assert run("labels", "--file", tmp_path / "labels", "--comment", body, data=pull_request())[0] == 3


@pytest.mark.parametrize(
    ("data", "origin"),
    [
        (pull_request(), "branch"),
        (pull_request("Owner/Name"), "branch"),
        (pull_request("mallory/name"), "fork"),
        (pull_request(None), "fork"),
        (pull_request(sender="dependabot[bot]"), "bot"),
        ({"ref": "refs/heads/main"}, "branch"),
    ],
)
def test_the_origin_of_the_code(run, data, origin):
    assert run("origin", data=data) == (0, f"{origin}\n")


def test_without_an_event_the_origin_is_a_branch(run, monkeypatch):
    monkeypatch.delenv("GITHUB_EVENT_PATH")
    assert run("origin") == (0, "branch\n")


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ("no json", "the event cannot be read (JSONDecodeError)"),
        ({"pull_request": {"number": 7}}, "without a number or a head"),
        (pull_request(number="7"), "without a number or a head"),
        ({"ref": "x"}, "this run does not belong to a pull request"),
    ],
)
def test_an_event_of_another_form_is_one_line(hub, run, body, data, said):
    code, output = run("comment", "--file", body, data=data)
    assert code == 2
    assert said in output
    assert output.count("\n") == 1
    assert hub.requests == []


def test_an_issue_is_opened_and_closed(hub, run, body):
    marked = ("--marker", "drift: prod")
    code, output = run("issue", "--open", *marked, "--title", "Drift", "--file", body, "--file", body)
    assert (code, output.partition(":")[0]) == (0, "issue opened")
    assert hub.issues[0]["body"].startswith("<!-- drift: prod -->\n<!-- m -->\ntext\n\n<!-- m -->")
    code, output = run("issue", "--close", *marked, "--file", body)
    assert (code, output.partition(":")[0], hub.issues[0]["state"]) == (0, "issue closed", "closed")


@pytest.mark.parametrize(
    "arguments", [("--open",), ("--close", "--title", "x"), (), ("--open", "--title", "x", "--file", "no/such")]
)
def test_a_wrong_call_is_usage_in_one_line(hub, run, body, arguments):
    code, output = run("issue", *arguments, "--marker", "m", "--file", body)
    assert code == 2
    assert output.startswith("error: ")
    assert output.count("\n") == 1
    assert hub.requests == []


def test_a_file_that_is_no_text_is_usage(run, body):
    body.write_bytes(b"\xff")
    assert run("comment", "--file", body, data=pull_request())[0] == 2


def test_a_refusal_ends_with_one(hub, run, body):
    hub.faults = [(401, {}, {"message": "Bad credentials"})]
    assert run("comment", "--file", body, data=pull_request()) == (
        1,
        "error: GitHub answered 401 to POST /graphql: Bad credentials\n",
    )


def test_a_run_outside_of_github_has_no_address():
    assert event.build_run_url({}) is None


def test_only_the_command_line_knows_click_and_only_the_client_knows_httpx():
    for path in Path(command.__file__).parent.glob("*.py"):
        names = set(re.findall(r"^import (\w+)", path.read_text(), re.MULTILINE))
        assert names & {"click", "httpx"} <= {"__main__.py": {"click"}, "client.py": {"httpx"}}.get(path.name, set())


def test_without_a_command_the_help_is_shown(run):
    code, output = run()
    assert (code, output.partition(" ")[0]) == (2, "Usage:")
