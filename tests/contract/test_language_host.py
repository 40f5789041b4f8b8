"""The language host runs a program from its folder as the official one does, and outlives no engine."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from rehearsal.pulumi_stand_ins import BIN, GIVEN, LANGUAGE_HOST
from tests import processes, recording_programs
from tests.contract.provider_world import environment

PROJECT = "name: held\nruntime:\n  name: python\n  options:\n    virtualenv: .venv\n"
Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("program")


@pytest.fixture(scope="module")
def variables(folder: Path) -> dict[str, str]:
    # Python would run the byte code of the program before: the same size, and written in the same second.
    more = {"PULUMI_STACK": "held", "NO_COLOR": "1", "PYTHONDONTWRITEBYTECODE": "1"}
    return environment(folder, "http://127.0.0.1:9") | more


@pytest.fixture(scope="module")
def pulumi(folder: Path, variables: dict[str, str]) -> Run:
    def run(*arguments: str, program: str = "") -> subprocess.CompletedProcess[str]:
        (folder / "__main__.py").write_text(program)
        return subprocess.run(
            ["pulumi", *arguments], cwd=folder, env=variables, capture_output=True, text=True, timeout=60, check=False
        )

    (folder / "Pulumi.yaml").write_text(PROJECT)
    (folder / "beside.py").write_text("NAME = 'a module beside the program'\n")
    assert run("stack", "init", "held").returncode == 0
    assert run("config", "set", "--secret", "word", "fake-secret").returncode == 0
    return run


GOOD = """
import os, sys, pulumi
from beside import NAME
pulumi.export("name", NAME)
pulumi.export("folder", os.getcwd())
pulumi.export("main", __name__ + " " + os.path.basename(__file__) + " " + pulumi.get_project() + " " + pulumi.get_stack())
pulumi.export("word", pulumi.Config().require_secret("word"))
"""


def test_a_program_runs_unchanged_in_its_folder(pulumi: Run, folder: Path) -> None:
    assert pulumi("up", "--yes", "--skip-preview", program=GOOD).returncode == 0
    outputs = pulumi("stack", "output", "--json", program=GOOD).stdout
    for expected in ("a module beside the program", str(folder), "__main__ __main__.py held held", '"[secret]"'):
        assert expected in outputs


BUCKET = """
import pulumi_cloudflare
pulumi_cloudflare.R2Bucket("bucket", account_id="0" * 32, name="bucket")
"""


def test_programs_in_the_given_folder_are_those_that_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    programs = recording_programs.write_programs(tmp_path)
    monkeypatch.setenv(GIVEN, str(programs))
    given = environment(tmp_path, "http://127.0.0.1:9") | {"PULUMI_STACK": "given"}
    (tmp_path / "Pulumi.yaml").write_text(PROJECT)
    (tmp_path / "__main__.py").write_text(BUCKET)
    for command in (["pulumi", "stack", "init", "given"], ["pulumi", "preview"]):
        ended = subprocess.run(
            command, cwd=tmp_path, env=given, capture_output=True, text=True, timeout=60, check=False
        )
        assert ended.returncode == 0, ended.stdout + ended.stderr
    assert recording_programs.read_calls(programs) == set(recording_programs.PROGRAMS)


def test_an_error_of_the_user_is_one_line_without_traceback(pulumi: Run) -> None:
    ended = pulumi("preview", program="import pulumi\nraise pulumi.RunError('aceApiKey: is a placeholder')\n")
    errors = {line.strip() for line in ended.stdout.splitlines() if line.strip().startswith("error:")}
    unhandled = "error: an unhandled error occurred: Program exited with non-zero exit code: 1"
    assert (ended.returncode != 0, errors) == (True, {"error: aceApiKey: is a placeholder", unhandled})
    assert "Traceback" not in ended.stdout


def test_an_exception_shows_its_traceback_from_the_program_on(pulumi: Run, folder: Path) -> None:
    ended = pulumi("preview", program="def broken():\n    raise ValueError('boom')\nbroken()\n")
    assert ended.returncode != 0
    assert "Program failed with an unhandled exception:" in ended.stdout
    assert "ValueError: boom" in ended.stdout
    first = next(line.strip() for line in ended.stdout.splitlines() if line.strip().startswith("File "))
    assert first == f'File "{folder}/__main__.py", line 3, in <module>'


@pytest.mark.parametrize(("code", "succeeds"), [(0, True), (3, False)])
def test_an_exit_code_is_the_programs(pulumi: Run, code: int, succeeds: bool) -> None:
    ended = pulumi("preview", program=f"import sys\nsys.exit({code})\n")
    assert (ended.returncode == 0) == succeeds
    assert ("non-zero exit code: 3" in ended.stdout) == (not succeeds)


@pytest.mark.stand_in(LANGUAGE_HOST)
def test_it_reports_that_it_is_a_stand_in(pulumi: Run) -> None:
    assert "stand-in for Pulumi's Python language host" in pulumi("about").stdout


@pytest.mark.parametrize("executable", ["pulumi-language-python", "pulumi-resource-cloudflare"])
@pytest.mark.parametrize("end", ["stdin closed", "parent killed"])
def test_it_ends_when_its_engine_ends(executable: str, end: str, tmp_path: Path) -> None:
    """The parent here is a process that starts the plugin as the engine does, and is killed as nothing can foresee."""
    start = (
        "import subprocess, sys, time\n"
        f"p = subprocess.Popen([{str(BIN / executable)!r}, '127.0.0.1:1'], stdout=subprocess.PIPE, stdin=int(sys.argv[1]))\n"
        "port = p.stdout.readline()\n"
        "print(p.pid, flush=True)\n"
        "time.sleep(60)\n"
    )
    read, write = os.pipe()
    source = read if end == "stdin closed" else os.open(os.devnull, os.O_RDONLY)
    command = [sys.executable, "-c", start, str(source)]
    parent = subprocess.Popen(command, stdout=subprocess.PIPE, pass_fds=[source], text=True, cwd=tmp_path)
    try:
        plugin = int((parent.stdout or pytest.fail("no pipe")).readline())
        assert processes.alive([plugin])
        os.close(write)
        if end == "parent killed":
            parent.kill()
        assert processes.gone([plugin], seconds=20) == {}
    finally:
        parent.kill()
        parent.communicate()
        os.close(read)
        if source != read:
            os.close(source)


def test_a_killed_engine_leaves_no_language_host(pulumi: Run, folder: Path, variables: dict[str, str]) -> None:
    (folder / "__main__.py").write_text(
        "import os, time\nopen('pid', 'w').write(str(os.getpid()))\nos.rename('pid', 'host')\ntime.sleep(60)\n"
    )
    engine = subprocess.Popen(
        ["pulumi", "preview"], cwd=folder, env=variables, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        _wait_until((folder / "host").exists)
        host = int((folder / "host").read_text())
        assert processes.alive([host])
    finally:
        engine.send_signal(signal.SIGKILL)
        engine.wait()
    assert processes.gone([host], seconds=20) == {}


def _wait_until(condition: Callable[[], bool], seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never came true"
        time.sleep(0.02)
