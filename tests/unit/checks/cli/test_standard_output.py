"""A report that cannot be written to standard output is never green and never a traceback."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from checks.cli import commands
from tests.fakes.manifest import manifest_data

ROOT = Path(__file__).parents[4]


def test_a_closed_pipe_gets_no_traceback(manifest):
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [sys.executable, "-m", "checks", "list"], cwd=ROOT, stdout=write, stderr=subprocess.PIPE, timeout=30
    )
    os.close(write)
    assert done.returncode == 3
    assert b"Traceback" not in done.stderr


@pytest.fixture
def broken_range(tmp_path):
    file = tmp_path / "broken.json"
    file.write_text(json.dumps(manifest_data(sites__0__end_date="2024-12-01")))
    return str(file)


def shell(line, **environ):
    """Run a line of the shell with this Python. Returns exit code and standard error."""
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
def test_a_report_that_cannot_be_written_to_standard_output_is_not_green(manifest, broken_range, where, why):
    line = f"error: standard output: {why}\n"
    assert shell(f"checks config --manifest {manifest} {where}") == (3, line)
    assert shell(f"checks config --manifest {broken_range} {where}") == (1, line)
    assert shell(f"checks list {where}") == (3, line)


def test_a_report_to_a_closed_pipe(manifest, broken_range):
    for file, code in ((manifest, 3), (broken_range, 1)):
        found = shell(f"checks config --manifest {file} | true; exit ${{PIPESTATUS[0]}}")
        assert found == (code, "error: standard output: closed by its reader\n")
    assert shell("checks --help | true; exit ${PIPESTATUS[0]}")[0] in (0, 3)


def test_the_other_reports_are_written_first(broken_range, tmp_path):
    file = tmp_path / "report.json"
    code, _ = shell(f"checks config --manifest {broken_range} --format text --format json={file} >&-")
    assert (code, json.loads(file.read_text())["exit_code"]) == (1, 1)
    code, _ = shell(f"checks config --manifest {broken_range} --format json={file} >&- 2>&-")
    assert code == 1


def test_where_the_error_cannot_be_written_either_the_exit_code_tells(manifest):
    assert shell("checks nonsense 2>/dev/full")[0] == 2
    assert shell(f"checks config --manifest {manifest} >/dev/full 2>&-")[0] == 3


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
