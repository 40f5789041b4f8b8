import json

import pytest

from review.github import diagnostics


def test_warnings_and_errors_are_lines_and_never_commands_of_the_runner():
    """Case P14: the runner obeys ##[command] anywhere in a line."""
    said = [
        {"severity": "info", "message": "hello"},
        {"severity": "warning", "message": "warning: the key expires soon\n"},
        {"severity": "error", "message": "<{%fg 1%}>two\n\n::stop-commands::x\x1b[31m<{%reset%}>\n"},
        {"severity": "error"},
        {"severity": "error", "message": "error: two\n"},
        {"severity": "warning", "message": "a ##[error]line"},
        "no diagnostic",
    ]
    assert list(diagnostics.read_lines(json.dumps({"diagnostics": said}).encode())) == [
        "warning: the key expires soon",
        "error: two",
        "error: ::stop-commands::x [31m",
        "warning: a ## [error]line",
    ]


def test_an_error_that_the_plugin_gives_twice_is_one_line():
    detail = 'PUT "https://api.example/x": 403 Forbidden {"errors":[{"code":10000}]}'
    twice = [f"[ERROR] {detail}: failed to make http request\n", f"failed to make http request: {detail}\n"]
    said = {"diagnostics": [{"severity": "error", "message": text} for text in twice]}
    assert list(diagnostics.read_lines(json.dumps(said).encode())) == [f"error: failed to make http request: {detail}"]


def test_a_line_before_the_json_hides_no_error():
    """Case P1."""
    raw = b'Installing policy pack\n{"diagnostics": [{"severity": "error", "message": "two"}]}'
    assert list(diagnostics.read_lines(raw)) == ["error: two"]


@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b"{}", b'{"diagnostics": 3}', b"[" * 100_000])
def test_other_input_has_no_lines(raw):
    assert list(diagnostics.read_lines(raw)) == []
