"""The format `github`: annotations within GitHub's limits, and no command from a hostile text."""

import re
from xml.etree import ElementTree as ET

import pytest

from checks.model.report import Outcome
from checks.reporters import github, junit
from tests.fakes.reports import HOSTILE, PASSED, SKIPPED, STYLE, finding, report, result


def parsed(told):
    text = junit.render(told, STYLE)
    assert text.isascii()
    suite = ET.fromstring(text)  # noqa: S314 - written by us
    assert suite.tag == "testsuite"
    for kind, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        assert int(suite.get(kind)) == len(suite.findall(f"testcase/{tag}"))
    assert int(suite.get("tests")) == len(suite.findall("testcase")) == len(told.results)
    return suite


def commands(told, kind="error"):
    """The annotations of a kind as GitHub's runner takes them: (title, message)."""
    found = []
    for line in github.render(told, STYLE).splitlines():
        taken = re.fullmatch("::(error|notice) title=([^:,]*)::(.*)", line)
        assert bool(taken) == line.lstrip().startswith("::"), line
        assert taken or "##[" not in line
        if taken and taken[1] == kind:
            title, message = taken[2], taken[3]
            for escape, sign in (("%3A", ":"), ("%2C", ","), ("%0D", "\r"), ("%0A", "\n"), ("%25", "%")):
                title = title.replace(escape, sign)
                message = message.replace(escape, sign) if escape not in ("%3A", "%2C") else message
            found.append((title, message))
    return found


def test_github_of_each_outcome():
    told = report(
        PASSED,
        SKIPPED,
        result("c", Outcome.INCONCLUSIVE, finding(text="x")),
        result("d", Outcome.FAIL, finding(text="y")),
    )
    assert commands(told) == [
        ("d failed", "y1: expected y, found y\ncause: worker\nnext: pulumi up y"),
        ("c inconclusive", "x1: expected x, found x\ncause: worker\nnext: pulumi up x"),
    ]
    assert commands(told, "notice") == [("b skipped", "needs CLOUDFLARE_API_TOKEN")]
    last = github.render(told, STYLE).splitlines()[-1]
    assert last == "prod: ok=1  skipped=1  inconclusive=1  failed=1  in 0.0 s: at least one check failed (exit 1)"


@pytest.mark.parametrize("hostile", ["100%", "%25%0A", "a:b,c", "a\r\nb", "::error::x", "##[add-mask]x", HOSTILE])
def test_github_escapes_any_text(hostile):
    told = report(result(hostile, Outcome.FAIL, finding(text=hostile)), SKIPPED, stack=hostile.replace("\r\n", " "))
    ((title, message),) = commands(told)
    assert title == f"{hostile} failed"
    assert message.endswith(f"next: pulumi up {hostile}")


@pytest.mark.parametrize(("findings", "shown", "more"), [(10, 10, 0), (11, 9, 2), (30, 9, 21)])
def test_github_shows_ten_annotations_of_a_kind_and_counts_the_rest(findings, shown, more):
    told = report(result("d", Outcome.FAIL, *(finding(n, text="x") for n in range(findings))))
    found = commands(told)
    assert len(found) == min(findings, 10)
    assert [title for title, _ in found].count("d failed") == shown
    assert (found[-1][0] == f"and {more} more") == bool(more)
    assert len([line for line in github.render(told, STYLE).splitlines() if line.startswith("and d failed: x")]) == more


def test_github_shows_skips_as_errors_where_every_check_was_skipped():
    assert commands(report(PASSED, SKIPPED)) == []
    assert commands(report(SKIPPED)) == [("b skipped", "needs CLOUDFLARE_API_TOKEN")]
    other = result("b", Outcome.SKIP, reason="no such promise", applies=False)
    assert commands(report(PASSED, other)) == []
    assert commands(report(other)) == [("b skipped", "no such promise")]
    assert int(parsed(report(other)).get("errors")) == 1


def test_a_warning_is_an_annotation_of_its_own():
    warned = result("a", Outcome.PASS, evidence=("seen",), warnings=("it ends soon",))
    assert "::warning title=a warning::it ends soon\n" in github.render(report(warned), STYLE)
