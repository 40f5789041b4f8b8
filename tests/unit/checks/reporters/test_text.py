"""The format `text`: lines that fit the terminal, and no command for GitHub's runner."""

import re

import pytest

from checks.model.report import Outcome
from checks.reporters import Style, text
from tests.fakes.healthy_system import healthy_system
from tests.fakes.reports import PASSED, finding, report, result

COMMAND = "pulumi config set --secret aceApiKey --stack production && pulumi up --stack production"
LONG = "one two three four five six seven eight nine ten " * 4
ESCAPE = re.compile(r"\x1b\[\d+m")
AWAY = result("parity", Outcome.SKIP, reason="no ETL worker is declared", applies=False)
NEEDS = result("proof", Outcome.SKIP, reason="needs token, which failed")


def failed(name="fresh", **changes):
    shown = finding()
    values = {"subject": "due days", "expected": "all stored", "found": "40 days are missing", "hint": COMMAND}
    for field, value in (values | changes).items():
        object.__setattr__(shown, field, value)
    return result(name, Outcome.FAIL, shown)


def render(*results, **style):
    return text.render(report(*results), Style(**style)).splitlines()


def test_text_holds_no_command_for_githubs_runner():
    hostile = "::add-mask::a ##[add-mask]b"
    told = report(result("d", Outcome.FAIL, finding(text=hostile), evidence=(hostile,)), stack=hostile)
    for width in (None, 40, 80):
        for line in text.render(told, Style(verbose=True, width=width)).splitlines():
            assert not line.lstrip().startswith("::")
            assert "##[" not in line


@pytest.mark.parametrize("width", [80, 120])
@pytest.mark.parametrize("fault", ["", "lost"])
def test_no_line_of_a_whole_run_is_wider_than_the_terminal_and_no_word_is_broken(tmp_path, width, fault):
    """Case P19: only a command and a word that is longer than a line may be wider."""

    def run(**options):
        system = healthy_system()
        if fault:
            system.script.change_secrets()
            system.worker.key = ""
        return system.run(tmp_path, verbose=True, **options)[1]

    words, wrapped = set(run().split()), run(width=width)
    for line in wrapped.splitlines():
        assert len(line) <= width or re.match(r" +(next|Next): ", line), line
    lost = {word for word in wrapped.split() if word not in words}
    assert not [word for word in lost if not re.fullmatch(r"[\d.]+", word)]  # a duration differs


def test_a_wrapped_line_continues_under_its_text():
    """Case P19."""
    lines = render(result("config", Outcome.PASS, evidence=(LONG,)), width=60)
    column = lines[0].index("one")
    assert len(lines) > 3
    assert all(line[:column].isspace() and not line[column].isspace() for line in lines[1:-2])


def test_expected_and_found_have_lines_of_their_own():
    """Case P19, and fewer than six lines for one finding at 80 columns."""
    found = "40 due days are missing, 2026-10-18 to 2026-11-26. The last object was stored at 2026-10-18 06:05 UTC"
    lines = render(failed(found=found, hint="python -m checks explain fresh"), width=80)
    own = lines[:-2]  # the recap has two at this width
    assert own == [
        "fresh  failed        due days",
        "    expected  all stored",
        "    found     40 due days are missing, 2026-10-18 to 2026-11-26. The last object",
        "              was stored at 2026-10-18 06:05 UTC",
        "    cause: worker   next: python -m checks explain fresh",
    ]
    assert len(own) < 6


def test_a_command_breaks_after_its_steps_only_so_that_it_can_be_pasted():
    """Case P19."""
    lines = render(failed(), width=60)
    start = next(number for number, line in enumerate(lines) if "next: " in line)
    pasted = "\n".join(lines[start : start + 2]).partition("next: ")[2]
    assert pasted.endswith("&&\n        pulumi up --stack production")
    assert " ".join(pasted.split()) == COMMAND
    (whole,) = [line for line in render(failed()) if "next: " in line]
    assert whole.endswith(COMMAND)


def test_a_check_that_does_not_apply_comes_last_and_grey():
    """Case P19."""
    lines = render(AWAY, NEEDS, PASSED, color=True)
    assert [ESCAPE.sub("", line).split()[0] for line in lines[:3]] == ["proof", "a", "parity"]
    assert lines[2].startswith("\x1b[90m")
    assert lines[2].endswith("\x1b[0m")
    assert "\x1b[90m" not in lines[0] + lines[1]


def test_a_warning_is_yellow_and_counted():
    lines = render(result("token", Outcome.PASS, evidence=("accepted",), warnings=("expires in 12 days",)), color=True)
    assert lines[1].strip() == "\x1b[33mwarning:\x1b[0m expires in 12 days"
    assert "warnings=1" in lines[-1]


@pytest.mark.parametrize("width", [40, 80, None])
def test_without_colour_there_is_no_escape_and_with_it_the_same_text(width):
    """Case P11."""
    results = (failed(), AWAY, result("token", Outcome.PASS, evidence=(LONG,), warnings=(LONG,)))
    plain, colored = render(*results, width=width), render(*results, width=width, color=True)
    assert not any("\x1b" in line for line in plain)
    assert [ESCAPE.sub("", line) for line in colored] == plain


def test_the_log_of_a_job_folds_by_check():
    lines = render(failed(found="::error::x"), result("config", Outcome.PASS, evidence=("a", "b")), NEEDS, fold=True)
    first, second = (number for number, line in enumerate(lines) if line.startswith("::group::"))
    assert lines[first] == "::group::fresh   failed        due days: ::error::x"
    assert lines[second : second + 4] == ["::group::config  ok", "    a", "    b", "::endgroup::"]
    assert lines.count("::endgroup::") == 2
    assert not [line for line in lines if re.match(r"\s*::(?!group::(fresh|config)|endgroup::$)", line)]
    assert lines[second + 4].startswith("proof ")


def test_one_finding_is_not_repeated_as_a_cause_and_several_are_summed_up():
    assert not [line for line in render(failed()) if "one cause" in line]
    assert [line for line in render(failed(), failed("history")) if line.startswith("2 failed, one cause: due days")]
    assert [line for line in render(failed(), fold=True) if line.startswith("1 failed, one cause: due days")]
