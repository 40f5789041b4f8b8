"""Every format holds whatever a report holds: nothing breaks out, nothing is too long, nothing looks green."""

import json
import re
from pathlib import Path
from xml.etree import ElementTree as ET

import jsonschema
import pytest

from checks.model.finding import Cause, Finding
from checks.model.report import Outcome, Report, Result
from checks.reporters import Style, github, junit, load, markdown, names, text
from tests.unit.checks.world import World

EVIL = (
    "a|b `x` ``` <img src=x onerror=y> @octocat #1 [l](https://evil.example) **b** \\| \\\\| www.evil.example &amp; ]]>"
)
STYLE = Style()
ROOT = Path(__file__).parents[3]


def bad(n=1, text=EVIL):
    return Finding(subject=f"{text}{n}", expected=text, found=text, cause=Cause.WORKER, hint=f"pulumi up {text}")


def report(*results, **options):
    return Report(
        project="p", stack=options.pop("stack", "prod"), worker="w", url="https://w", results=results, **options
    )


def result(name, outcome, *findings, **options):
    return Result(id=name, outcome=outcome, findings=findings, seconds=1.23456, **options)


PASSED = result("a", Outcome.PASS, evidence=("seen", "twice"))
SKIPPED = result("b", Outcome.SKIP, reason="needs CLOUDFLARE_API_TOKEN")


def test_the_formats():
    assert names() == ("github", "json", "junit", "markdown", "text")
    assert load("junit") is junit.render


def test_the_help_names_the_formats():
    from checks.cli import commands

    (option,) = [item for item in commands.run.params if item.name == "formats"]
    assert sorted(option.metavar.removesuffix("[=FILE]").split("|")) == sorted(names())


# ---- junit


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
            result("c", Outcome.INCONCLUSIVE, bad(text="x")),
            result("d", Outcome.FAIL, bad(text="x"), bad(2, text="y")),
            seconds=7.0,
        )
    )
    assert suite.attrib == {
        "name": "p prod", "tests": "4", "failures": "1", "errors": "1", "skipped": "1", "time": "7.000",
    }  # fmt: skip
    assert [[child.tag for child in case] for case in suite] == [["system-out"], ["skipped"], ["error"], ["failure"]]
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
    ("results", "strict", "errors"),
    [((PASSED, SKIPPED), False, 0), ((PASSED, SKIPPED), True, 1), ((SKIPPED, SKIPPED), False, 2), ((PASSED,), True, 0)],
)
def test_junit_shows_no_green_where_the_exit_code_is_not_0(results, strict, errors):
    told = report(*results, strict=strict)
    suite = parsed(told)
    assert int(suite.get("errors")) == errors
    assert (told.exit_code == 0) == (errors == 0)


def test_junit_of_whatever_text():
    hostile = EVIL + "".join(map(chr, (0, 7, 0xB, 0x1B, 0xFFFE, 0xFFFF, 0xD800, 0x1F600))) + "\n\tü"
    suite = parsed(report(result("d", Outcome.FAIL, bad(text=hostile), evidence=(hostile,)), stack=hostile))
    assert suite[0][0].text.count("\N{REPLACEMENT CHARACTER}") == 4 * 7
    assert EVIL in suite[0][0].text
    assert "\U0001f600\n\tü" in suite[0][1].text


# ---- markdown


def lines(told, style=STYLE):
    return markdown.render(told, style).splitlines()


def test_markdown_of_each_outcome():
    found = lines(
        report(PASSED, SKIPPED, result("c", Outcome.INCONCLUSIVE, bad(text="x")), result("d", Outcome.FAIL, bad()))
    )
    assert found[0] == "## At least one check failed: <code>prod</code>"
    assert "(exit 1)" in found[2]
    assert found[6:8] == [
        "| <code>a</code> | ok | <code>seen; twice</code> |",
        "| <code>b</code> | **skipped** | <code>needs CLOUDFLARE&#95;API&#95;TOKEN</code> |",
    ]
    assert "### <code>c</code> inconclusive: <code>x1</code>" in found
    assert found[-3].startswith("```")


def test_markdown_leaves_out_what_is_ok_when_it_is_to_be_quiet():
    assert not any("<code>a</code>" in line for line in lines(report(PASSED, SKIPPED), Style(quiet=True)))
    assert lines(report(PASSED))[0] == "## All checks passed: <code>prod</code>"


def test_markdown_counts_the_findings_that_the_table_does_not_show():
    text = markdown.render(report(result("d", Outcome.FAIL, bad(text="x"), bad(text="y"), bad(text="z"))), STYLE)
    assert "(and 2 more)</code> |" in text
    assert text.count("### ") == 3


@pytest.mark.parametrize("place", ["stack", "finding", "reason", "evidence", "id"])
def test_markdown_lets_nothing_break_out(place):
    told = {
        "stack": lambda: report(PASSED, stack=EVIL + "\n# x"),
        "finding": lambda: report(result("d", Outcome.FAIL, bad(text=EVIL + "\n| x |\x00\u202e"))),
        "reason": lambda: report(result("d", Outcome.SKIP, reason=EVIL)),
        "evidence": lambda: report(result("d", Outcome.PASS, evidence=(EVIL,))),
        "id": lambda: report(result(EVIL, Outcome.FAIL, bad(text="x"))),
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
    many = tuple(result(f"c{n}", Outcome.FAIL, *(bad(m, text=long) for m in range(100))) for n in range(20))
    text = markdown.render(report(*many), STYLE)
    assert 2**20 - 15_000 < len(text.encode()) < 2**20
    assert text.count("\n| <code>c") == 20
    left = int(re.search(r"^(\d+) parts are left out", text, re.MULTILINE)[1])
    assert text.count("### ") == 2000 - left
    assert text.count("```sh\n") * 2 == text.count("```")


def test_every_format_of_a_whole_run(tmp_path):
    for name in names():
        code, text = World().run(tmp_path, formats=(name,))
        assert code == 0
        assert text.endswith("\n")


# ---- github


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
        PASSED, SKIPPED, result("c", Outcome.INCONCLUSIVE, bad(text="x")), result("d", Outcome.FAIL, bad(text="y"))
    )
    assert commands(told) == [
        ("d failed", "y1: expected y, found y\ncause: worker\nnext: pulumi up y"),
        ("c inconclusive", "x1: expected x, found x\ncause: worker\nnext: pulumi up x"),
    ]
    assert commands(told, "notice") == [("b skipped", "needs CLOUDFLARE_API_TOKEN")]
    last = github.render(told, STYLE).splitlines()[-1]
    assert last == "prod: ok=1  skipped=1  inconclusive=1  failed=1  in 0.0 s: at least one check failed (exit 1)"


@pytest.mark.parametrize("hostile", ["100%", "%25%0A", "a:b,c", "a\r\nb", "::error::x", "##[add-mask]x", EVIL])
def test_github_escapes_whatever_a_text_holds(hostile):
    told = report(result(hostile, Outcome.FAIL, bad(text=hostile)), SKIPPED, stack=hostile.replace("\r\n", " "))
    ((title, message),) = commands(told)
    assert title == f"{hostile} failed"
    assert message.endswith(f"next: pulumi up {hostile}")


@pytest.mark.parametrize(("findings", "shown", "more"), [(10, 10, 0), (11, 9, 2), (30, 9, 21)])
def test_github_takes_ten_annotations_of_a_kind_and_the_rest_is_counted_and_told(findings, shown, more):
    told = report(result("d", Outcome.FAIL, *(bad(n, text="x") for n in range(findings))))
    found = commands(told)
    assert len(found) == min(findings, 10)
    assert [title for title, _ in found].count("d failed") == shown
    assert (found[-1][0] == f"and {more} more") == bool(more)
    assert len([line for line in github.render(told, STYLE).splitlines() if line.startswith("and d failed: x")]) == more


def test_github_shows_a_skip_that_is_no_verdict_as_an_error():
    assert commands(report(PASSED, SKIPPED, strict=True)) == [("b skipped", "needs CLOUDFLARE_API_TOKEN")]
    assert commands(report(SKIPPED)) == [("b skipped", "needs CLOUDFLARE_API_TOKEN")]
    exempt = result("b", Outcome.SKIP, reason="no such promise", exempt=True)
    assert commands(report(PASSED, exempt, strict=True)) == []
    assert commands(report(exempt)) == [("b skipped", "no such promise")]
    assert int(parsed(report(exempt)).get("errors")) == 1


def test_text_gives_github_s_runner_no_command():
    hostile = "::add-mask::a ##[add-mask]b"
    told = report(result("d", Outcome.FAIL, bad(text=hostile), evidence=(hostile,)), stack=hostile)
    for line in text.render(told, Style(verbose=True)).splitlines():
        assert not line.lstrip().startswith("::")
        assert "##[" not in line


# ---- json


def published():
    return json.loads((ROOT / "docs" / "report.schema.json").read_text())


def test_the_published_schema_is_one():
    jsonschema.Draft202012Validator.check_schema(published())


@pytest.mark.parametrize(
    "file", sorted((ROOT / "tests" / "golden" / "checks").glob("*.json")), ids=lambda file: file.name
)
def test_json_is_of_the_published_form(file):
    data = json.loads(file.read_text())
    jsonschema.validate(data, published(), cls=jsonschema.Draft202012Validator)
    assert file.name.endswith(f".exit{data['exit_code']}.json")


@pytest.mark.parametrize(
    "change",
    [
        {"schema": 1},
        {"exit_code": 0},
        {"outcome": "skip"},
        {"more": 1},
        {"checks": [{"id": "a", "outcome": "skip", "reason": ""}]},
    ],
)
def test_another_form_is_told_apart(change):
    data = json.loads(load("json")(report(result("d", Outcome.FAIL, bad())), STYLE))
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(data | change, published(), cls=jsonschema.Draft202012Validator)
