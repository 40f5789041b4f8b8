"""The format `markdown`: no text breaks out of the table, and the size stays within GitHub's limit."""

import re

import pytest

from checks.model.report import Outcome
from checks.reporters import Style, markdown
from tests.fakes.reports import HOSTILE, PASSED, SKIPPED, STYLE, finding, report, result


def lines(told, style=STYLE):
    return markdown.render(told, style).splitlines()


def test_markdown_of_each_outcome():
    found = lines(
        report(
            PASSED, SKIPPED, result("c", Outcome.INCONCLUSIVE, finding(text="x")), result("d", Outcome.FAIL, finding())
        )
    )
    assert found[0] == "## At least one check failed: <code>prod</code>"
    assert "(exit 1)" in found[2]
    assert found[4] == "* 1 inconclusive, one cause: <code>x1&#58; x</code>. Next: <code>pulumi up x</code>"
    assert found[5].startswith("* 1 failed, one cause: <code>a&#124;b ")
    assert found[9:11] == [
        "| <code>a</code> | ok | <code>seen; twice</code> |",
        "| <code>b</code> | **skipped** | <code>needs CLOUDFLARE&#95;API&#95;TOKEN</code> |",
    ]
    assert "### <code>c</code> inconclusive: <code>x1</code>" in found
    assert found[-3].startswith("```")


def test_markdown_leaves_out_passed_checks_with_quiet():
    assert not any("<code>a</code>" in line for line in lines(report(PASSED, SKIPPED), Style(quiet=True)))
    assert lines(report(PASSED))[0] == "## All checks passed: <code>prod</code>"


def test_markdown_counts_the_findings_that_the_table_does_not_show():
    text = markdown.render(
        report(result("d", Outcome.FAIL, finding(text="x"), finding(text="y"), finding(text="z"))), STYLE
    )
    assert "(and 2 more)</code> |" in text
    assert text.count("### ") == 3


@pytest.mark.parametrize("place", ["stack", "finding", "reason", "evidence", "id"])
def test_no_text_breaks_out_of_markdown(place):
    told = {
        "stack": lambda: report(PASSED, stack=HOSTILE + "\n# x"),
        "finding": lambda: report(result("d", Outcome.FAIL, finding(text=HOSTILE + "\n| x |\x00\u202e"))),
        "reason": lambda: report(result("d", Outcome.SKIP, reason=HOSTILE)),
        "evidence": lambda: report(result("d", Outcome.PASS, evidence=(HOSTILE,))),
        "id": lambda: report(result(HOSTILE, Outcome.FAIL, finding(text="x"))),
    }[place]()
    fenced = None
    for line in lines(told):
        if fenced is None and (opened := re.fullmatch("(`{3,})sh", line)):
            fenced = opened[1]
        elif fenced is not None:
            assert line == fenced or fenced not in line
            fenced = None if line == fenced else fenced
        else:
            assert not set(re.sub("</?code>|&#\\d+;", "", line)) & set("<>@[]`\\&~!_")
            assert "https:" not in line
            assert "www." not in line
            assert line.count("|") in (0, 4)
    assert fenced is None


@pytest.mark.untraced
def test_markdown_stays_below_a_mebibyte_by_whole_rows():
    long = "ü" + "|" * 599
    many = tuple(result(f"c{n}", Outcome.FAIL, *(finding(m, text=long) for m in range(25))) for n in range(20))
    text = markdown.render(report(*many), STYLE)
    assert 2**20 - 15_000 < len(text.encode()) < 2**20
    assert text.count("\n| <code>c") == 20
    left = int(re.search(r"^(\d+) parts are left out", text, re.MULTILINE)[1])
    assert text.count("### ") == 500 - left
    assert text.count("```sh\n") * 2 == text.count("```")


def test_markdown_shows_and_counts_a_warning_also_when_quiet():
    warned = result("a", Outcome.PASS, evidence=("seen",), warnings=("it ends soon",))
    found = lines(report(warned), Style(quiet=True))
    assert "1 warning, in" in found[2]
    assert found[6] == "| <code>a</code> | ok | <code>warning&#58; it ends soon; seen</code> |"
