"""``python -m deployment``."""

import signal
from pathlib import Path

import pytest

from contract.operator_token import derive_operator_token
from deployment import __main__ as command
from deployment.child import SIGNALS
from deployment.rollback import RollbackError, Target

OPTIONS = ("rollback", "--account", "acc", "--worker", "w", "--version", "v1")


@pytest.fixture
def run(monkeypatch, tmp_path, capsys):
    before = {number: signal.getsignal(number) for number in SIGNALS}
    monkeypatch.setenv("RUNNER_TEMP", str(tmp_path))
    monkeypatch.setenv("CLOUDFLARE_API_TOKEN", "fake-token")

    def run(*arguments):
        with pytest.raises(SystemExit) as ended:
            command.main(list(arguments))
        captured = capsys.readouterr()
        return ended.value.code, captured.out + captured.err

    yield run
    for number, handler in before.items():
        signal.signal(number, handler)


def test_the_options_of_a_deployment(run, monkeypatch, tmp_path):
    jobs = []

    class Job:
        def __init__(self, **fields):
            jobs.append(fields)

        def run(self):
            assert jobs[0]["folder"].parent == tmp_path
            return 3

    monkeypatch.setattr(command, "Job", Job)
    options = ("--state", "s.json", "--junit", "j.xml", "--rollback", "auto", "--release-lock")
    assert run("deploy", "--stack", "prod", *options)[0] == 3
    (job,) = jobs
    assert (job["stack"], job["state"], job["junit"]) == ("prod", "s.json", Path("j.xml"))
    assert (job["rolls_back"], job["releases_lock"]) == (True, True)
    assert job["workflow"].masked == ("fake-token",)
    assert list(tmp_path.iterdir()) == []
    run("deploy", "--stack", "prod")
    assert (jobs[1]["rolls_back"], jobs[1]["releases_lock"]) == (False, False)


def test_every_secret_of_the_scripts_is_masked_and_the_token_that_follows_from_the_key():
    text = (Path(__file__).parents[3] / "review/github/environment.sh").read_text()
    assert set(text.partition("secrets=(")[2].partition(")")[0].split()) == set(command.SECRETS)
    values = {name: f"fake-{name}" for name in command.SECRETS}
    assert command._list_secrets(values) == [*values.values(), derive_operator_token("fake-ACE_API_KEY")]
    assert command._list_secrets({"GITHUB_TOKEN": "short"}) == []


def test_a_rollback_by_hand(run, monkeypatch):
    asked = []
    monkeypatch.setattr(command, "roll_back", lambda target, *, environ: asked.append(target))
    code, output = run(*OPTIONS, "--failed", "v2")
    assert code == 0
    assert "version v1 of w serves every request" in output
    assert asked == [Target(account="acc", worker="w", version="v1", failed="v2")]


def test_a_refused_rollback_is_one_line(run, monkeypatch):
    def refuse(target, *, environ):
        raise RollbackError("refused: größe")

    monkeypatch.setattr(command, "roll_back", refuse)
    assert run(*OPTIONS) == (1, "error: refused: gr\\xf6\\xdfe\n")


def test_a_rollback_needs_a_token(run, monkeypatch):
    monkeypatch.delenv("CLOUDFLARE_API_TOKEN")
    code, output = run(*OPTIONS)
    assert code == 2
    assert "CLOUDFLARE_API_TOKEN is not set" in output


@pytest.mark.parametrize("arguments", [("deploy",), ("deploy", "--stack", "a", "--rollback", "perhaps"), ("rollback",)])
def test_a_mistake_is_one_line(run, arguments):
    code, output = run(*arguments)
    assert code == 2
    assert output.startswith("error: ")
    assert output.count("\n") == 1


def test_an_interrupted_command_is_one_line(run, monkeypatch):
    def interrupt(target, *, environ):
        raise KeyboardInterrupt

    monkeypatch.setattr(command, "roll_back", interrupt)
    code, output = run(*OPTIONS)
    assert (code, output.strip()) == (1, "error: interrupted")


def test_help(run):
    assert run("--help")[0] == 0


def test_without_a_command_the_help_is_shown(run):
    code, output = run()
    assert (code, output.partition(" ")[0]) == (2, "Usage:")
