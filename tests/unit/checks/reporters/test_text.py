"""The format `text` on GitHub's runner."""

from checks.model.report import Outcome
from checks.reporters import Style, text
from tests.fakes.reports import finding, report, result


def test_text_holds_no_command_for_githubs_runner():
    hostile = "::add-mask::a ##[add-mask]b"
    told = report(result("d", Outcome.FAIL, finding(text=hostile), evidence=(hostile,)), stack=hostile)
    for line in text.render(told, Style(verbose=True)).splitlines():
        assert not line.lstrip().startswith("::")
        assert "##[" not in line


def test_a_warning_is_shown_and_counted_also_when_quiet():
    warned = result("a", Outcome.PASS, evidence=("seen",), warnings=("it ends soon",))
    lines = text.render(report(warned), Style(quiet=True)).splitlines()
    assert lines[1].strip() == "warning: it ends soon"
    assert "warnings=1" in lines[-1]
    assert "exit 0" in lines[-1]
