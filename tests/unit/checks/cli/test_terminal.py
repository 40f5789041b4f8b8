"""Colour, width and folding follow the environment. Cases P11 and P19."""

import os

import pytest

from checks.cli import terminal
from checks.cli.progress_lines import fits_terminal


@pytest.mark.parametrize(
    ("environ", "on_terminal", "color"),
    [
        ({"TERM": "xterm"}, True, True),
        ({"TERM": "xterm"}, False, False),
        ({}, True, True),
        ({"TERM": "dumb"}, True, False),
        ({"TERM": "xterm", "NO_COLOR": "1"}, True, False),
        ({"NO_COLOR": ""}, True, True),
        ({"FORCE_COLOR": "1"}, False, True),
        ({"FORCE_COLOR": ""}, False, False),
        ({"FORCE_COLOR": "0", "TERM": "xterm"}, True, False),
        ({"FORCE_COLOR": "1", "TERM": "dumb"}, True, True),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, True, False),
    ],
)
def test_no_color_decides_before_force_color_and_both_before_the_terminal(environ, on_terminal, color):
    """Case P11: TERM=dumb is plain."""
    assert terminal.wants_color(environ, terminal=on_terminal) is color


@pytest.mark.parametrize("term", ["dumb", "", "xterm"])
def test_a_dumb_terminal_shows_no_running_checks(term):
    """Case P11."""

    class Terminal:
        def isatty(self):
            return True

    assert fits_terminal(Terminal(), {"TERM": term, "FORCE_COLOR": "1"}) is (term == "xterm")


@pytest.mark.parametrize(
    ("environ", "on_terminal", "width"),
    [
        ({}, True, 97),
        ({}, False, None),
        ({"COLUMNS": "120"}, False, 120),
        ({"COLUMNS": "120"}, True, 120),
        ({"COLUMNS": "0"}, True, 97),
        ({"COLUMNS": "wide"}, False, None),
        ({"COLUMNS": "9" * 5000}, False, None),
        ({"COLUMNS": "٨٠"}, False, None),
        ({"COLUMNS": "80", "GITHUB_ACTIONS": "true"}, True, None),
    ],
)
def test_lines_wrap_at_the_terminal_or_at_columns_and_never_in_the_log_of_a_job(
    monkeypatch, environ, on_terminal, width
):
    """Case P19."""
    monkeypatch.setattr(os, "get_terminal_size", lambda fd: os.terminal_size((97, 24)))
    assert terminal.find_width(environ, terminal=on_terminal) == width


def test_a_terminal_without_a_size_does_not_wrap(monkeypatch):
    def refuse(fd):
        raise OSError(25, "Inappropriate ioctl for device")

    monkeypatch.setattr(os, "get_terminal_size", refuse)
    assert terminal.find_width({}, terminal=True) is None
    monkeypatch.setattr(os, "get_terminal_size", lambda fd: os.terminal_size((0, 0)))
    assert terminal.find_width({}, terminal=True) is None


def test_the_command_takes_width_and_colour_from_the_environment(run, manifest, monkeypatch):
    """Cases P11 and P19, by the command itself."""
    for name in ("NO_COLOR", "FORCE_COLOR", "GITHUB_ACTIONS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COLUMNS", "60")
    _, plain, _ = run("config", "--manifest", manifest)
    assert "\x1b" not in plain
    assert max(map(len, plain.splitlines())) <= 60
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "\x1b[32mok\x1b[0m" in run("config", "--manifest", manifest)[1]
    assert "\x1b" not in run("config", "--manifest", manifest, "--no-color")[1]
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b" not in run("config", "--manifest", manifest)[1]
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    assert "::group::config" in run("config", "--manifest", manifest)[1]


@pytest.mark.parametrize("arguments", [["list"], ["explain", "bindings"]])
def test_the_other_texts_wrap_as_well(run, monkeypatch, arguments):
    """Case P19."""
    monkeypatch.setenv("COLUMNS", "60")
    _, out, _ = run(*arguments)
    assert max(map(len, out.splitlines())) <= 60
