"""Properties of the runner and the reports that hold for any checks."""

import json
import time
from pathlib import Path
from xml.etree import ElementTree as ET

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from checks import reporters
from checks.model.credentials import Credential, Credentials
from checks.model.finding import Cause, Evidence, Finding, Inconclusive
from checks.model.hint import Hint
from checks.model.redaction import Redactor
from checks.model.report import Outcome, Report, ReportedFinding, Result
from tests.fakes.checks import FINDING, check, judge

pytestmark = pytest.mark.untraced  # thousands of runs: other tests tell which lines are tested


SCHEMA = json.loads((Path(__file__).parents[4] / "docs" / "reference" / "report.schema.json").read_text())


VALID = jsonschema.Draft202012Validator(SCHEMA)


FEW = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


class SpeechlessError(Exception):
    def __str__(self):
        raise SystemExit(0)


class Rude(BaseException):
    pass


def unfinished():
    error = Inconclusive(FINDING)
    error.finding = "no finding"
    return error


RAISED = {
    "an error": lambda: KeyError("gone"),
    "an exit": lambda: SystemExit(0),
    "an interruption": KeyboardInterrupt,
    "an end": GeneratorExit,
    "a stop": StopIteration,
    "no exception": lambda: Rude("x"),
    "one that cannot be shown": SpeechlessError,
    "inconclusive": lambda: Inconclusive(FINDING),
    "inconclusive, ill-formed": unfinished,
    "no memory": MemoryError,
    "exit 0": lambda: SystemExit(None),
}


JUNK = [
    None,
    "ok",
    0,
    True,
    (),
    {},
    Evidence,
    Evidence(None),
    Finding,
    Outcome.PASS,
    Result(id="a", outcome=Outcome.PASS),
]


JUNK += [Finding(subject="s", expected=None, found="b", cause=Cause.WORKER, hint=Hint.deploy())]
JUNK += [Finding(subject="s", expected="a", found="b", cause=Cause.WORKER, hint="h")]


JUNK += [Finding(subject="s", expected="a", found="b", cause="another", hint=Hint.deploy())]


STEPS = st.one_of(
    st.just(("say", Evidence("seen"))),
    st.just(("say", FINDING)),
    st.tuples(st.just("say"), st.sampled_from(JUNK)),
    st.tuples(st.just("raise"), st.sampled_from(sorted(RAISED))),
    st.just(("recurse", None)),
)


GOOD = st.lists(st.just(("say", Evidence("seen"))), min_size=1, max_size=3)


SCRIPTS = st.one_of(GOOD, GOOD, st.lists(STEPS, max_size=4))


def deeper():
    return deeper()


def played(script):
    """A check that follows the script, and its expected outcome."""

    def manner(context):
        yield from ()
        for what, item in script:
            if what == "raise":
                error = RAISED[item]()
                raise error
            if what == "recurse":
                deeper()
            yield item

    outcome = Outcome.PASS if script else Outcome.INCONCLUSIVE
    for what, item in script:
        if what == "say" and item is FINDING:
            outcome = Outcome.FAIL
        elif what != "say" or item != Evidence("seen"):
            return manner, max(outcome, Outcome.INCONCLUSIVE)
    return manner, outcome


def whole(report):
    """Assert that a report is complete, ordered and explained, and the same in every format."""
    counts = {outcome: sum(result.outcome is outcome for result in report.results) for outcome in Outcome}
    if counts[Outcome.FAIL]:
        expected = 1
    elif counts[Outcome.INCONCLUSIVE] or not counts[Outcome.PASS]:
        expected = 3
    else:
        expected = 0
    assert report.exit_code == expected
    told = {name: reporters.load_renderer(name)(report, reporters.Style()) for name in reporters.list_formats()}
    data = json.loads(told["json"])
    VALID.validate(data)
    assert data["exit_code"] == expected
    suite = ET.fromstring(told["junit"])  # noqa: S314 - written by us
    assert (suite.get("errors") == suite.get("failures") == "0") == (expected == 0 or not report.results)
    commands = [line for line in told["github"].splitlines() if line.lstrip().startswith("::") or "##[" in line]
    assert any(line.startswith("::error ") for line in commands) == (expected != 0 and bool(report.results))
    for kind in ("error", "notice"):
        assert sum(line.startswith(f"::{kind} ") for line in commands) <= 10
    assert f"(exit {expected})" in told["text"].splitlines()[-1]
    assert f"(exit {expected})" in told["github"].splitlines()[-1]
    assert f"(exit {expected})" in told["markdown"]


NAMES = st.lists(st.integers(0, 5), max_size=2, unique=True)


PLANS = st.lists(
    st.fixed_dictionaries(
        {"script": SCRIPTS, "needs": NAMES, "after": NAMES, "poor": st.booleans(), "applies": st.integers(0, 5)}
    ),
    min_size=1,
    max_size=6,
)


@FEW
@given(PLANS, st.booleans(), st.booleans())
def test_every_check_has_one_result_with_a_reason_beside_any_other_checks(plans, allow, loops):
    checks, outcomes = [], {}
    for n, plan in enumerate(plans):
        manner, outcomes[f"c{n}"] = played(plan["script"])
        others = {key: tuple(f"c{m}" for m in plan[key] if loops or m < n) for key in ("needs", "after")}
        wants = (Credential.CLOUDFLARE,) if plan["poor"] and n % 2 else ()
        other = {"does_not_apply": lambda context: "no such promise"} if plan["applies"] == 0 else {}
        checks.append(check(f"c{n}", manner, **others, **other, wants=wants))
    report, results = judge(*checks, credentials=Credentials(), allow_missing_credentials=allow)
    assert [result.id for result in report.results] == [item.id for item in checks]
    for item in checks:
        explained(item, results, outcomes[item.id])
        if not loops:
            assert "for itself" not in results[item.id].findings[-1].found if results[item.id].findings else True
    whole(Redactor(["fake-secret-0123456789"]).redact_report(report))


def explained(item, results, expected):
    result = results[item.id]
    poor = result.outcome is Outcome.INCONCLUSIVE and result.findings[0].root == "CLOUDFLARE_API_TOKEN is not set"
    stuck = result.outcome is Outcome.INCONCLUSIVE and "for itself" in result.findings[0].found
    worse = (Outcome.FAIL, Outcome.INCONCLUSIVE)
    bad = [need for need in item.needs if need in results and results[need].outcome in worse]
    if result.outcome is Outcome.SKIP:
        assert result.reason
        assert not result.findings
        named = result.reason.removeprefix("needs ").partition(",")[0]
        assert not result.applies or named in item.needs or result.reason.endswith("(--allow-missing-credentials)")
    elif not stuck:
        assert not result.reason
        assert not bad, "judged although what it needs was not kept"
        assert result.outcome is (Outcome.INCONCLUSIVE if poor else expected)
        assert poor <= (Credential.CLOUDFLARE in item.wants)


@FEW
@given(st.lists(st.sampled_from(Outcome), min_size=1, max_size=40), st.text(max_size=30), st.data())
def test_reports_agree_in_every_format_with_any_texts(outcomes, text, data):
    evil = st.sampled_from(["::error::x", "##[error]x", "a\r\n::stop-commands::x", "%0A::add-mask::a", text])

    def made(n, outcome):
        said = [data.draw(evil) for _ in range(4)]
        finding = ReportedFinding(subject=said[0], expected=said[1], found=said[2], cause=Cause.WORKER, hint=said[3])
        return Result(
            id=f"c{n}",
            outcome=outcome,
            findings=(finding,) * (outcome in (Outcome.FAIL, Outcome.INCONCLUSIVE)),
            evidence=(said[0] or "x",) * (outcome is Outcome.PASS),
            reason=f"needs {said[1]}" if outcome is Outcome.SKIP else "",
            applies=outcome is not Outcome.SKIP or data.draw(st.booleans()),
        )

    results = tuple(made(n, outcome) for n, outcome in enumerate(outcomes))
    report = Report(project=text, stack=text, worker=text, url=text, results=results, seconds=0.1)
    whole(Redactor().redact_report(report))


def broken_not_declared(context):
    raise KeyError("gone")


def test_an_error_in_the_decision_that_a_check_does_not_apply_is_inconclusive():
    _, results = judge(check("a", played([("say", Evidence("seen"))])[0], does_not_apply=broken_not_declared))
    assert results["a"].outcome is Outcome.INCONCLUSIVE


def test_a_watcher_gets_every_beginning_and_end_and_changes_nothing():
    told = []

    def watch(name, result):
        told.append((name, None if result is None else result.outcome))
        raise RuntimeError

    kept, broken = (played([("say", item)])[0] for item in (Evidence("seen"), FINDING))
    checks = (check("a", broken), check("b", kept, needs=("a",)), check("c", kept, after=("b",)))
    report, _ = judge(*checks, watch=watch)
    assert report.exit_code == 1
    assert told == [
        ("a", None), ("a", Outcome.FAIL), ("b", Outcome.SKIP), ("c", None), ("c", Outcome.PASS),
    ]  # fmt: skip


def test_too_long_texts_are_cut_in_time():
    secret = "fake-secret-0123456789"

    def talks(context):
        for _ in range(100):
            yield Evidence(f"{secret} " * 100_000)

    report, _ = judge(check("a", talks))
    begun = time.monotonic()
    safe = Redactor([secret, "short"]).redact_report(report)
    assert time.monotonic() - begun < 1.5
    assert "fake" not in repr(safe)
