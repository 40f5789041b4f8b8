"""Progress lines appear on a terminal during a run, and nothing of them stays."""

import fcntl
import io
import json
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from pathlib import Path

import pytest

from checks.cli.progress_lines import MORE, ProgressLines, fits_terminal
from checks.model.report import Outcome, Result
from tests.fakes.manifest import manifest_data

ROOT = Path(__file__).parents[4]


DONE = Result(id="a", outcome=Outcome.PASS)


class Terminal(io.StringIO):
    def isatty(self):
        return True

    def screen(self):
        """The lines that are left to see, by the two commands that are used."""
        lines = [""]
        for part in re.split("(\x1b\\[[^A-Za-z]*[A-Za-z]|\n|\r)", self.getvalue()):
            if part == "\n":
                lines.append("")
            elif part.endswith("A") and part.startswith("\x1b["):
                lines = lines[: len(lines) - int(part[2:-1])]
            elif part in ("\r", "\x1b[J", ""):
                lines = [*lines[:-1], ""] if part == "\x1b[J" else lines
            else:
                lines[-1] += part
        return [line for line in lines if line]


def test_each_running_check_has_a_line_that_is_rewritten_in_place():
    terminal = Terminal()
    live = ProgressLines(terminal=terminal)
    live("a", None)
    live("long", None)
    assert terminal.screen() == ["a     running", "long  running"]
    live("b", DONE)  # skipped: it never ran
    live("a", DONE)
    assert terminal.screen() == ["long  running"]
    live.clear()
    live.clear()
    assert terminal.screen() == []


def test_never_more_lines_than_the_terminal_has(monkeypatch):
    monkeypatch.setattr("shutil.get_terminal_size", lambda: os.terminal_size((8, 4)))
    terminal = Terminal()
    live = ProgressLines(terminal=terminal)
    for n in range(6):
        live(f"c{n}", None)
    assert terminal.screen() == ["c0  run", "c1  run", MORE]


@pytest.mark.parametrize(
    ("environ", "welcome"),
    [
        ({"TERM": "xterm"}, True),
        ({"TERM": "dumb"}, False),
        ({"TERM": ""}, False),
        ({}, False),
        ({"TERM": "xterm", "CI": "true"}, False),
        ({"TERM": "xterm", "NO_COLOR": "1"}, False),
        ({"TERM": "xterm", "CI": "", "NO_COLOR": ""}, True),
    ],
)
def test_where_progress_lines_are_shown(environ, welcome):
    assert fits_terminal(Terminal(), environ) is welcome
    assert not fits_terminal(io.StringIO(), environ)
    assert not fits_terminal(None, environ)


def run_in_terminal(tmp_path, *options, environ=(), stdout=subprocess.PIPE):
    """Run one check with a terminal as standard error. Returns the exit code, its output and the terminal's text."""
    (tmp_path / "m.json").write_text(json.dumps(manifest_data()))
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    argv = [sys.executable, "-m", "checks", "config", "--manifest", str(tmp_path / "m.json"), *options]
    plain = {key: value for key, value in os.environ.items() if key not in ("CI", "NO_COLOR", "TERM")}
    process = subprocess.Popen(
        argv,
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=theirs,
        env={**plain, "TERM": "xterm", **dict(environ)},
    )
    os.close(theirs)
    seen = b""
    while chunk := _read(ours):
        seen += chunk
    out, _ = process.communicate(timeout=30)
    os.close(ours)
    return process.returncode, out, seen.decode().replace("\r\n", "\n")


def _read(terminal):
    try:
        return os.read(terminal, 4096)
    except OSError:  # Linux raises it when the other end is closed
        return b""


def test_on_a_terminal_no_progress_line_stays(tmp_path):
    code, out, seen = run_in_terminal(tmp_path)
    assert (code, b"\x1b" in out) == (0, False)
    assert "config  running\n" in seen
    terminal = Terminal()
    terminal.write(seen)
    assert terminal.screen() == []


@pytest.mark.parametrize(
    ("options", "environ"),
    [(["--quiet"], {}), (["--no-color"], {}), ([], {"CI": "true"}), ([], {"NO_COLOR": "1"}), ([], {"TERM": "dumb"})],
)
def test_where_progress_is_not_wanted_there_is_none(tmp_path, options, environ):
    code, _, seen = run_in_terminal(tmp_path, *options, environ=environ)
    assert (code, seen) == (0, "")


def test_a_pipe_gets_no_progress_line(tmp_path):
    (tmp_path / "m.json").write_text(json.dumps(manifest_data()))
    argv = [sys.executable, "-m", "checks", "config", "--manifest", str(tmp_path / "m.json")]
    done = subprocess.run(
        argv, cwd=ROOT, capture_output=True, env={**os.environ, "TERM": "xterm"}, timeout=30, check=True
    )
    assert (done.stderr, b"\x1b" in done.stdout) == (b"", False)


def test_the_progress_of_many_days_has_an_estimate():
    """Case C6: a thorough run on a terminal."""
    now, terminal = [0.0], Terminal()
    lines = ProgressLines(terminal=terminal, clock=lambda: now[0])
    lines("r2", None)
    lines("token", None)
    for done in range(1, 102):
        now[0] = 2.0 * done
        lines.advance("r2", done, 2_500)
    lines.advance("token", 1, 4)
    assert terminal.screen()[:2] == ["r2     running  101 of 2,500 days, about 80 min left", "token  running"]
    lines.advance("r2", 2_500, 2_500)
    assert terminal.screen()[0] == "r2     running  2,500 of 2,500 days"
