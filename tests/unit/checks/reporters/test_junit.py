"""The format `junit`: each outcome, and no green suite where the exit code is not 0."""

from xml.etree import ElementTree as ET

import pytest

from checks.model.report import Outcome
from checks.reporters import junit
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


def test_junit_of_each_outcome():
    suite = parsed(
        report(
            PASSED,
            SKIPPED,
            result("c", Outcome.INCONCLUSIVE, finding(text="x")),
            result("d", Outcome.FAIL, finding(text="x"), finding(2, text="y")),
            seconds=7.0,
        )
    )
    assert suite.attrib == {
        "name": "p prod", "tests": "4", "failures": "1", "errors": "1", "skipped": "1", "time": "7.000",
    }  # fmt: skip
    assert [[child.tag for child in case] for case in suite] == [
        ["system-out"],
        ["skipped"],
        ["error"],
        ["failure"],
        [],
    ]
    assert suite[4].text.splitlines() == [
        "1 failed, 1 inconclusive, one cause: x1: x. Next: pulumi up x",
        "1 failed, one cause: y2: y. Next: pulumi up y",
    ]
    assert suite[0].attrib == {"classname": "p.prod", "name": "a", "time": "1.235"}
    assert suite[0][0].text == "seen\ntwice"
    assert suite[1][0].get("message") == "needs CLOUDFLARE_API_TOKEN"
    assert suite[3][0].get("message") == "x1: expected x, found x"
    assert suite[3][0].get("type") == "worker"
    assert suite[3][0].text.splitlines() == [
        "x1: expected x, found x", "  cause: worker", "  next: pulumi up x",
        "y2: expected y, found y", "  cause: worker", "  next: pulumi up y",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("results", "errors"),
    [((PASSED, SKIPPED), 0), ((SKIPPED, SKIPPED), 2), ((PASSED,), 0)],
)
def test_junit_is_not_green_where_the_exit_code_is_not_0(results, errors):
    told = report(*results)
    suite = parsed(told)
    assert int(suite.get("errors")) == errors
    assert (told.exit_code == 0) == (errors == 0)


def test_junit_of_any_text():
    hostile = HOSTILE + "".join(map(chr, (0, 7, 0xB, 0x1B, 0xFFFE, 0xFFFF, 0xD800, 0x1F600))) + "\n\tü"
    suite = parsed(report(result("d", Outcome.FAIL, finding(text=hostile), evidence=(hostile,)), stack=hostile))
    assert suite[0][0].text.count("\N{REPLACEMENT CHARACTER}") == 4 * 7
    assert HOSTILE in suite[0][0].text
    assert "\U0001f600\n\tü" in suite[0][1].text


def test_junit_shows_a_warning_before_the_evidence():
    suite = parsed(report(result("a", Outcome.PASS, evidence=("seen",), warnings=("it ends soon",))))
    assert suite[0][0].text == "warning: it ends soon\nseen"
