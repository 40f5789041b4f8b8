"""Folds, annotations and the summary on GitHub, and plain lines elsewhere."""

import re

import pytest

from deployment import workflow
from deployment.workflow import Workflow


@pytest.fixture
def hub(tmp_path):
    environ = {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md")}
    return Workflow.of(environ, ["fake-secret"])


def test_a_block_is_folded_and_its_lines_are_inert(hub, capsysbinary):
    """Case P14: commands of the runner in the engine's output."""
    with hub.inert("pulumi up"):
        hub._print("::error::from the engine")
    lines = capsysbinary.readouterr().out.decode().splitlines()
    mark = re.fullmatch(r"::stop-commands::([0-9a-f]{32})", lines[1])[1]
    assert lines == [
        "::group::pulumi up",
        f"::stop-commands::{mark}",
        "::error::from the engine",
        f"::{mark}::",
        "::endgroup::",
    ]


def test_the_block_ends_after_an_exception(hub, capsysbinary):
    with pytest.raises(KeyError), hub.inert("x"):
        raise KeyError
    assert capsysbinary.readouterr().out.endswith(b"::endgroup::\n")


def test_each_block_has_another_mark(hub, capsysbinary):
    hub.say("a")
    hub.say("b")
    assert len(set(re.findall(rb"stop-commands::(\w+)", capsysbinary.readouterr().out))) == 2


def test_an_annotation_is_one_escaped_command_without_secrets(hub, capsysbinary):
    hub.annotate("check r2: fail, worker", "100 %\nof fake-secret ::error::")
    assert capsysbinary.readouterr().out == (
        b"::error title=check r2%3A fail%2C worker::100 %25 of [redacted] ::error::\n"
    )


def test_github_shows_ten_annotations(hub, capsysbinary):
    for number in range(20):
        hub.annotate("x", str(number))
    assert capsysbinary.readouterr().out.count(b"::error") == workflow.MAX_ANNOTATIONS


def test_the_summary_is_appended_to_without_secrets(hub, capsysbinary):
    hub.add_summary("one fake-secret")
    hub.add_summary("two\n")
    assert hub.summary_file.read_text() == "one [redacted]\n\ntwo\n\n"
    assert capsysbinary.readouterr().out == b""


def test_a_summary_beyond_the_limit_goes_to_the_log(hub, capsysbinary):
    hub.add_summary("x" * (workflow.MAX_SUMMARY - 10))
    hub.add_summary("the rest")
    assert hub.summary_file.read_text().endswith("The log has it.*\n")
    assert b"the rest" in capsysbinary.readouterr().out


def test_elsewhere_there_are_plain_lines_only(capsysbinary):
    plain = Workflow.of({}, ["fake-secret"])
    with plain.inert("pulumi up"):
        plain.say("a fake-secret")
    plain.annotate("x", "y")
    plain.add_summary("### Summary\n")
    assert capsysbinary.readouterr().out == b"a [redacted]\n"


def test_a_closed_output_is_not_an_error(monkeypatch):
    class Closed:
        class buffer:  # noqa: N801 - the name that a stream has
            @staticmethod
            def write(_data):
                raise BrokenPipeError

    monkeypatch.setattr(workflow.sys, "stdout", Closed)
    Workflow.of({}).say("a")
