"""The command as it is typed: usage, exit codes, streams, and no traceback."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from checks.catalog import load
from checks.cli import commands
from checks.run import execute

ROOT = Path(__file__).parents[4]


CANARY = "canary-Zq7xV2pL9tB4wR8nK3mD6"


@pytest.mark.parametrize(
    ("argv", "text"),
    [
        ([], "name the deployment"),
        (["--manifest", "none.json"], "none.json: No such file"),
        (["--nonsense"], "No such option"),
        (["notify", "--stack", "prod", " "], "the text is empty"),
        (["notify", "--stack", "prod", "x"], "NOTIFY_URL is not set"),
        (["run", "--stack"], "requires an argument"),
        (
            ["--manifest", "M", "--deadline", "soon"],
            "expected a duration such as 60s, 2m or 500ms, at most one hour, found 'soon'",
        ),
        (["--manifest", "M", "--deadline", "0s"], "expected a duration"),
        (["--manifest", "M", "--deadline", "2h"], "expected a duration"),
        (["--manifest", "M", "--format", "pdf"], "no format 'pdf'"),
        (["--manifest", "M", "--format", "json="], "expected a writable file"),
        (["--manifest", "M", "--format", "json=/none/x"], "expected a writable file"),
        (["--manifest", "M", "--format", "json", "--format", "text"], "only one format"),
        (["--manifest", "M", "--quiet", "--verbose"], "exclude each other"),
        (["helth", "--manifest", "M"], "Did you mean 'health'?"),
        (["--manifest", "M", "--tag", "qqq"], "no tag 'qqq'"),
        (["--manifest", "M", "--skip", "qqq"], "no check or tag"),
        (["trigger", "--manifest", "M", "--skip", "config,"], "Did you mean 'config'?"),
        (
            ["config", "--manifest", "M", "--skip", "config"],
            "'config' is selected, but --read-only or --skip leaves it out",
        ),
        (
            ["trigger", "--manifest", "M", "--read-only"],
            "'trigger' is selected, but --read-only or --skip leaves it out",
        ),
        (["--manifest", "M", "--tag", "edge", "--skip", "edge", "--skip", "config"], "no check is left to run"),
        (["explain", "nothing"], "no check 'nothing'"),
        (["explain"], "Missing argument"),
    ],
)
def test_a_usage_error_is_one_line_and_exit_2(run, manifest, argv, text):
    code, out, err = run(*(manifest if word == "M" else word for word in argv))
    assert (code, out) == (2, "")
    assert text in err
    assert len(err.splitlines()) == 1


def test_an_api_without_tls_gets_no_token(run, manifest, monkeypatch):
    monkeypatch.setenv("CLOUDFLARE_BASE_URL", "http://example.org")
    assert "expected https" in run("--manifest", manifest)[2]


def test_a_token_that_cannot_be_used(run, manifest, monkeypatch):
    monkeypatch.setenv("CLOUDFLARE_API_TOKEN", CANARY + "\n")
    code, _, err = run("--manifest", manifest)
    assert (code, "canary" in err) == (2, False)


def test_a_stack_without_an_engine_is_inconclusive(run, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    code, _, err = run("--stack", "prod")
    assert code == 3
    assert err.startswith("error: pulumi is not on PATH")


def test_run_is_the_default_command(run, manifest):
    code, out, _ = run("config", "--manifest", manifest)
    assert code == 0
    assert out.startswith("config  ok")
    assert run("run", "config", "--manifest", manifest)[1].split(" in ")[0] == out.split(" in ")[0]


def test_list_and_explain_need_nothing(run):
    code, out, _ = run("list")
    assert code == 0
    assert [line.split()[0] for line in out.splitlines()] == list(load())
    for name in load():
        code, out, _ = run("explain", name)
        assert code == 0
        assert "proves:" in out
        assert "-> " in out


def test_help(run):
    assert "python -m checks --stack prod" in run("--help")[1]
    assert "--deadline" in run("run", "--help")[1]


def test_reports_go_to_files_as_well(run, manifest, tmp_path):
    file = tmp_path / "report.json"
    code, out, _ = run("config", "--manifest", manifest, "--format", "text", "--format", f"json={file}")
    assert (code, json.loads(file.read_text())["exit_code"]) == (0, 0)
    assert "config" in out


def test_a_report_that_cannot_be_written_is_not_green(run, manifest, tmp_path, monkeypatch):
    def refuse(*args, **kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", refuse)
    code, _, err = run("config", "--manifest", manifest, "--format", f"json={tmp_path / 'r'}")
    assert code == 2
    assert "No space left" in err


@pytest.mark.parametrize(
    ("raised", "code", "text"), [(KeyboardInterrupt, 3, "interrupted"), (ValueError, 3, "internal error")]
)
def test_every_exception_is_one_line(run, manifest, monkeypatch, raised, code, text):
    def fail(*args):
        raise raised(CANARY)

    monkeypatch.setattr(execute, "execute", fail)
    monkeypatch.setenv("OPERATOR_TOKEN", CANARY)
    found, _, err = run("--manifest", manifest)
    assert found == code
    assert text in err
    assert "canary" not in err
    assert len(err.strip().splitlines()) == 1  # after ^C, click ends the line first


def python(*argv, **options):
    environ = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **options.pop("environ", {})}
    return subprocess.run([sys.executable, *argv], cwd=ROOT, env=environ, capture_output=True, timeout=30, **options)


def test_help_loads_neither_httpx_nor_the_catalogue():
    code = "import sys, checks.cli.commands\ntry: checks.cli.commands.main(['--help'])\nexcept SystemExit: pass\n"
    code += "print(sorted({'httpx', 'contract.manifest', 'checks.catalog', 'checks.run.runner'} & sys.modules.keys()))"
    assert python("-c", code).stdout.splitlines()[-1] == b"[]"


def test_list_does_not_load_httpx():
    code = "import sys, checks.cli.commands\ntry: checks.cli.commands.main(['list'])\nexcept SystemExit: pass\nprint('httpx' in sys.modules)"
    assert python("-c", code).stdout.splitlines()[-1] == b"False"


def test_the_module_writes_only_characters_that_the_terminal_can_show(manifest):
    done = python("-m", "checks", "config", "--manifest", manifest, environ={"PYTHONIOENCODING": "ascii"})
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"\x1b" not in done.stdout


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ALL_PROXY", "socks5://user:canary-password@127.0.0.1:1"),
        ("https_proxy", "ftp://canary"),
        ("SSL_CERT_FILE", "/none/canary"),
    ],
)
def test_an_environment_that_cannot_be_used_is_one_line(run, manifest, monkeypatch, name, value):
    for other in ("ALL_PROXY", "HTTPS_PROXY", "HTTP_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(other, raising=False)
        monkeypatch.delenv(other.lower(), raising=False)
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv(name, value)
    code, out, err = run("config", "--manifest", manifest)
    assert (code, out) == (2, "")
    assert err.startswith(f"error: {name}: ")
    assert "canary" not in err
    assert len(err.splitlines()) == 1


def test_an_interruption_while_the_command_is_imported(monkeypatch, capsys):
    from checks import __main__ as start

    def interrupt(*argv):
        raise KeyboardInterrupt

    monkeypatch.setattr(commands, "main", interrupt)
    with pytest.raises(SystemExit) as caught:
        start.start()
    assert (caught.value.code, capsys.readouterr().err) == (3, "error: interrupted: inconclusive\n")


@pytest.mark.parametrize("argv", [["--stack", ""], ["--stack", " "], ["--manifest", ""]])
def test_an_empty_name_is_refused(run, argv):
    code, _, err = run(*argv)
    assert (code, err) == (2, f"error: {argv[0]}: the name is empty. Is a variable not set?\n")


def test_strict_is_the_default_and_says_so(run, manifest):
    """Case T4: the former option has no effect. A run without credentials is inconclusive with and without it."""
    code, _, err = run("token", "--strict", "--manifest", manifest)
    assert (code, err) == (3, "note: --strict is the default now, and can be left out\n")
    code, out, err = run("token", "--manifest", manifest)
    assert (code, err) == (3, "")
    assert "1 inconclusive, one cause: ACE_API_KEY is not set. Next: read -rs ACE_API_KEY" in out
    assert run("config", "token", "--allow-missing-credentials", "--manifest", manifest)[0] == 0


def test_the_webhook_is_not_an_argument(run, manifest):
    """A command line is visible to every user of a machine."""
    code, _, err = run("--manifest", manifest, "--notify", "https://hooks.example.com/fake-token")
    assert code == 2
    assert "NOTIFY_URL" in err
    assert "fake-token" not in err


def test_a_lost_message_is_one_line_on_standard_error(run, manifest, monkeypatch, tmp_path):
    monkeypatch.setenv("NOTIFY_URL", "http://127.0.0.1:1/services/fake-webhook-token")
    state = tmp_path / "state.json"
    state.write_text("{")
    code, out, err = run("config", "--manifest", manifest, "--notify", "--state", str(state))
    assert code == 3
    assert "exit 0" in out
    assert err.splitlines()[-1].startswith("warning: the message was not delivered, and the next run sends it again: ")
    assert "fake-webhook-token" not in err
