"""The command as it is typed: usage, exit codes, streams, and no traceback ever."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from checks.catalog import load
from checks.cli import commands
from checks.run import execute, selection
from checks.run.options import duration, targets
from tests.unit.checks.world import ENVIRON, KEY, World, manifest_data

ROOT = Path(__file__).parents[3]
CANARY = "canary-Zq7xV2pL9tB4wR8nK3mD6"


@pytest.fixture
def manifest(tmp_path):
    file = tmp_path / "manifest.json"
    file.write_text(json.dumps(manifest_data()))
    return str(file)


@pytest.fixture
def run(capsys, monkeypatch):
    for name in ("CLOUDFLARE_API_TOKEN", "OPERATOR_TOKEN", "ACE_API_KEY", "CLOUDFLARE_BASE_URL"):
        monkeypatch.delenv(name, raising=False)

    def type_(*argv):
        with pytest.raises(SystemExit) as caught:
            commands.main(list(argv))
        out, err = capsys.readouterr()
        return caught.value.code, out, err

    return type_


@pytest.mark.parametrize(
    ("argv", "text"),
    [
        ([], "say which deployment"),
        (["--stack", "a", "--manifest", "b"], "say which deployment"),
        (["--manifest", "none.json"], "none.json: No such file"),
        (["--nonsense"], "No such option"),
        (["run", "--stack"], "requires an argument"),
        (["--manifest", "M", "--deadline", "soon"], "'soon' is no duration"),
        (["--manifest", "M", "--deadline", "0s"], "no duration"),
        (["--manifest", "M", "--deadline", "2h"], "no duration"),
        (["--manifest", "M", "--format", "pdf"], "no such format 'pdf'"),
        (["--manifest", "M", "--format", "json="], "no file that can be written"),
        (["--manifest", "M", "--format", "json=/none/x"], "no file that can be written"),
        (["--manifest", "M", "--format", "json", "--format", "text"], "only one format"),
        (["--manifest", "M", "--quiet", "--verbose"], "exclude each other"),
        (["helth", "--manifest", "M"], "did you mean 'health'?"),
        (["--manifest", "M", "--tag", "qqq"], "no such tag 'qqq'"),
        (["--manifest", "M", "--skip", "qqq"], "no such check or tag"),
        (["trigger", "--manifest", "M", "--skip", "config,"], "did you mean 'config'?"),
        (["config", "--manifest", "M", "--skip", "config"], "'config' is named, and left out by --read-only or --skip"),
        (["trigger", "--manifest", "M", "--read-only"], "'trigger' is named, and left out by --read-only or --skip"),
        (["--manifest", "M", "--tag", "edge", "--skip", "edge", "--skip", "config"], "nothing is left to run"),
        (["explain", "nothing"], "no such check 'nothing'"),
        (["explain"], "Missing argument"),
    ],
)
def test_a_usage_error_is_one_line_and_exit_2(run, manifest, argv, text):
    code, out, err = run(*(manifest if word == "M" else word for word in argv))
    assert (code, out) == (2, "")
    assert text in err
    assert len(err.splitlines()) == 1


def test_an_api_that_would_be_told_the_token_in_clear(run, manifest, monkeypatch):
    monkeypatch.setenv("CLOUDFLARE_BASE_URL", "http://example.org")
    assert "must be https" in run("--manifest", manifest)[2]


def test_a_token_that_cannot_be_used(run, manifest, monkeypatch):
    monkeypatch.setenv("CLOUDFLARE_API_TOKEN", CANARY + "\n")
    code, _, err = run("--manifest", manifest)
    assert (code, "canary" in err) == (2, False)


def test_a_stack_without_an_engine_is_no_verdict(run, tmp_path, monkeypatch):
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


@pytest.mark.parametrize(("raised", "code", "text"), [(KeyboardInterrupt, 3, "interrupted"), (ValueError, 3, "defect")])
def test_whatever_is_raised_is_one_line(run, manifest, monkeypatch, raised, code, text):
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
    code = "import sys, checks.cli\ntry: checks.cli.main(['--help'])\nexcept SystemExit: pass\n"
    code += "print(sorted({'httpx', 'manifest', 'checks.catalog', 'checks.runner'} & sys.modules.keys()))"
    assert python("-c", code).stdout.splitlines()[-1] == b"[]"


def test_list_does_not_load_httpx():
    code = (
        "import sys, checks.cli\ntry: checks.cli.main(['list'])\nexcept SystemExit: pass\nprint('httpx' in sys.modules)"
    )
    assert python("-c", code).stdout.splitlines()[-1] == b"False"


def test_the_module_runs_and_writes_what_the_terminal_can_show(manifest):
    done = python("-m", "checks", "config", "--manifest", manifest, environ={"PYTHONIOENCODING": "ascii"})
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"\x1b" not in done.stdout


def test_a_reader_that_goes_away_gets_no_traceback(manifest):
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [sys.executable, "-m", "checks", "list"], cwd=ROOT, stdout=write, stderr=subprocess.PIPE, timeout=30
    )
    os.close(write)
    assert done.returncode == 3
    assert b"Traceback" not in done.stderr


# ---- options and selection


def test_durations():
    assert [duration(text) for text in ("60s", "2m", "500ms", "90", "1.5s")] == [60.0, 120.0, 0.5, 90.0, 1.5]


def test_targets(tmp_path):
    assert [target.format for target in targets((), ("text", "json"))] == ["text"]
    assert targets((f"json={tmp_path / 'x'}",), ("text", "json"))[0].file == tmp_path / "x"
    assert targets(("json=-",), ("text", "json"))[0].file is None
    with pytest.raises(ValueError, match="only one format can go to standard output"):
        targets(("json=-", "text"), ("text", "json"))


def test_selection():
    def ids(**options):
        return [check.id for check in selection.select(load(), **options)]

    order = ["config", "token", "secrets", "bindings", "deployed", "health", "key", "trigger", "logs"]
    assert ids()[: len(order)] == order
    assert set(ids()[len(order) :]) == {"r2", "proof", "query", "parity"}
    assert ids(names=["trigger"]) == ["config", "health", "key", "trigger"]
    assert ids(names=["r2"], skip=["key"]) == ["config", "r2"]
    assert ids(tags=["offline"]) == ["config"]
    assert set(ids(tags=["data"])) == {"config", "token", "key", "r2", "proof", "query"}
    assert not {"trigger", "logs"} & set(ids(read_only=True))
    assert ids(skip=["read-only"]) == ["trigger", "logs"]
    assert ids(names=["logs"]) == ["config", "health", "key", "trigger", "logs"]  # what runs beside it comes along


# ---- secrets, at every verbosity and in every format


def echo(request):
    import httpx

    shown = f"{request.headers.get('Authorization')} {KEY} \x1b[31m\n::error::{KEY[:15]}"
    return httpx.Response(418, text=shown)


@pytest.mark.parametrize("options", [{}, {"verbose": True}, {"quiet": True}, {"formats": ("json",)}, {"color": True}])
def test_a_hostile_system_that_echoes_what_it_is_told(tmp_path, options):
    from contract.operator_token import derive_operator_token

    world = World()
    world.routes = {("GET", ""): echo, ("POST", ""): echo}
    code, text = world.run(tmp_path, **options)
    assert code == 1
    for secret in (KEY, derive_operator_token(KEY), ENVIRON["CLOUDFLARE_API_TOKEN"]):
        assert all(secret[n : n + 12] not in text for n in range(len(secret) - 11))
    assert "\n::error" not in text
    assert "[redacted]" in text


# ---- what cannot be written, and what the environment gets wrong


@pytest.fixture
def broken_range(tmp_path):
    file = tmp_path / "broken.json"
    file.write_text(json.dumps(manifest_data(ace__end_date="2024-12-01")))
    return str(file)


def shell(line, **environ):
    """Run a line of the shell, python being this one; returns exit code and standard error."""
    line = line.replace("checks", f"{sys.executable} -m checks", 1)
    done = subprocess.run(
        ["bash", "-c", line],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], **environ},
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        timeout=30,
    )
    return done.returncode, done.stderr.decode()


@pytest.mark.parametrize(("where", "why"), [(">/dev/full", "No space left on device"), (">&-", "it is closed")])
def test_a_report_that_standard_output_does_not_take_is_not_green(manifest, broken_range, where, why):
    line = f"error: standard output: {why}\n"
    assert shell(f"checks config --manifest {manifest} {where}") == (3, line)
    assert shell(f"checks config --manifest {broken_range} {where}") == (1, line)
    assert shell(f"checks list {where}") == (3, line)


def test_a_report_that_nobody_reads(manifest, broken_range):
    for file, code in ((manifest, 3), (broken_range, 1)):
        found = shell(f"checks config --manifest {file} | true; exit ${{PIPESTATUS[0]}}")
        assert found == (code, "error: standard output: nobody reads the report\n")
    assert shell("checks --help | true; exit ${PIPESTATUS[0]}")[0] in (0, 3)


def test_the_other_reports_are_written_first(broken_range, tmp_path):
    file = tmp_path / "report.json"
    code, _ = shell(f"checks config --manifest {broken_range} --format text --format json={file} >&-")
    assert (code, json.loads(file.read_text())["exit_code"]) == (1, 1)
    code, _ = shell(f"checks config --manifest {broken_range} --format json={file} >&- 2>&-")
    assert code == 1


def test_where_nobody_reads_the_error_either_the_exit_code_says_it(manifest):
    assert shell("checks nonsense 2>/dev/full")[0] == 2
    assert shell(f"checks config --manifest {manifest} >/dev/full 2>&-")[0] == 3


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


class Full(io.TextIOWrapper):
    """A standard output that takes nothing."""

    def __init__(self, file, error):
        super().__init__(file)
        self.error = error

    def write(self, text):
        raise self.error


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), BrokenPipeError(32, "Broken pipe")])
def test_in_this_process_too(run, manifest, tmp_path, monkeypatch, error):
    with (tmp_path / "out").open("wb") as file:
        monkeypatch.setattr(sys, "stdout", Full(file, error))
        for argv in (["list"], ["config", "--manifest", manifest], ["--help"]):
            with pytest.raises(SystemExit) as caught:
                commands.main(argv)
            assert caught.value.code == 3
            monkeypatch.setattr(sys, "stdout", Full(file, error))
        monkeypatch.setattr(sys, "stdout", None)
        with pytest.raises(SystemExit) as caught:
            commands.main(["config", "--manifest", manifest])
        assert caught.value.code == 3
        monkeypatch.setattr(sys, "stderr", Full(file, error))
        with pytest.raises(SystemExit) as caught:
            commands.main(["nonsense"])
        assert caught.value.code == 2


def test_an_interruption_while_the_command_is_imported(monkeypatch, capsys):
    from checks import __main__ as start

    def interrupt(*argv):
        raise KeyboardInterrupt

    monkeypatch.setattr(commands, "main", interrupt)
    with pytest.raises(SystemExit) as caught:
        start.start()
    assert (caught.value.code, capsys.readouterr().err) == (3, "error: interrupted: no verdict\n")


@pytest.mark.parametrize("argv", [["--stack", ""], ["--stack", " "], ["--manifest", ""]])
def test_an_empty_name_is_not_taken_for_none(run, argv):
    code, _, err = run(*argv)
    assert (code, err) == (2, f"error: {argv[0]}: the name is empty (a variable that is not set?)\n")
