"""The commands on a terminal, in a pipe and in CI: colours, characters, progress, --watch, and errors in one line."""

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from backfill.cli import options, progress, reading
from tests.fakes.healthy_system import healthy_system

ROOT = Path(__file__).parents[3]


class Terminal(io.StringIO):
    """A terminal with an encoding."""

    def __init__(self, encoding="utf-8"):
        super().__init__()
        self._encoding = encoding

    @property
    def encoding(self):
        return self._encoding

    def isatty(self):
        return True

    def fileno(self):
        raise OSError


@pytest.mark.parametrize(
    ("encoding", "environ", "color", "unicode"),
    [
        ("utf-8", {"TERM": "xterm-256color"}, True, True),
        ("UTF8", {"TERM": "xterm", "NO_COLOR": "1"}, False, True),
        ("utf-8", {"TERM": "dumb"}, False, False),
        ("ascii", {"TERM": "xterm"}, True, False),
        ("utf-8", {}, True, False),
    ],
)
def test_a_terminal_gets_the_colours_and_characters_that_it_has(monkeypatch, encoding, environ, color, unicode):
    for name in ("TERM", "NO_COLOR", "FORCE_COLOR", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "stdout", Terminal(encoding))
    style = options.make_style()
    assert (style.color, style.unicode) == (color, unicode)


def test_a_pipe_has_no_colour_and_no_limit_of_columns(monkeypatch):
    monkeypatch.delenv("COLUMNS", raising=False)
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BytesIO(), encoding="utf-8"))
    style = options.make_style()
    assert (style.color, style.unicode, style.width) == (False, True, None)


@pytest.mark.parametrize("environ", [{"CI": "true"}, {"TERM": "dumb"}, {"NO_COLOR": "1"}])
def test_progress_is_a_line_of_a_terminal_that_is_cleared(monkeypatch, environ):
    for name in ("CI", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    with progress.show_progress("reading sites") as show:
        show(12, 1000)
    assert terminal.getvalue() == "\r\x1b[Kreading sites: 12 of 1,000\r\x1b[K"
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    with progress.show_progress("reading sites") as show:
        show(13, 1000)
    assert "13" not in terminal.getvalue()


def test_watch_shows_the_picture_again_until_ctrl_c(run, monkeypatch):
    pauses = []

    def sleep(seconds):
        pauses.append(seconds)
        if len(pauses) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(reading, "is_terminal", lambda: True)
    monkeypatch.setattr(reading.time, "sleep", sleep)
    code, out, err = run(healthy_system(), "status", "--watch")
    assert (code, err, pauses) == (0, "", [30.0, 30.0])
    assert out.count("\x1b[H\x1b[2Jdeployment") == 2


def test_the_help_is_shown_without_a_command_and_imports_no_client():
    line = "import sys; from backfill.cli.commands import main\ntry: main([])\n"
    line += (
        "except SystemExit as end: sys.exit(end.code or 9 * bool({'httpx', 'pulumi', 'websockets'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", line], cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("Usage: python -m backfill [OPTIONS] COMMAND")


def test_a_closed_standard_output_is_one_line_and_inconclusive(tmp_path):
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "backfill", "--help"]
    with open("/dev/full", "w") as full:
        done = subprocess.run(command, cwd=tmp_path, env=environ, stdout=full, stderr=subprocess.PIPE, text=True)
    assert (done.returncode, done.stderr.count("\n")) == (3, 1)
    assert done.stderr.startswith("error: standard output: ")
