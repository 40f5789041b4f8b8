"""The causes at the end of a report: findings that belong together are one."""

import dataclasses

import httpx

from checks.model.finding import Cause
from checks.model.report import MAX_WHAT, Outcome, ReportedFinding, shorten_repeated
from checks.reporters.text import format_causes
from tests.fakes.healthy_system import healthy_system
from tests.fakes.reports import report, result

UP = "pulumi up --stack prod"


def found(subject, cause=Cause.CONFIGURATION, hint=UP, **more):
    return ReportedFinding(subject=subject, expected="a", found="b", cause=cause, hint=hint, **more)


def test_findings_with_the_same_cause_and_hint_are_one_cause():
    told = report(
        result("a", Outcome.FAIL, found("x"), found("y")),
        result("b", Outcome.FAIL, found("z")),
        result("c", Outcome.INCONCLUSIVE, found("z", hint="sleep 5")),
    )
    assert list(format_causes(told)) == [
        f"2 failed, one cause: x: b (and 1 more). Next: {UP}",
        "1 inconclusive, one cause: z: b. Next: sleep 5",
    ]


def test_findings_with_the_same_root_are_one_cause_with_any_hint():
    """Case C17: the mechanism. The first finding has the next command."""
    told = report(
        result("a", Outcome.FAIL, found("x", root="foreign code is live")),
        result("b", Outcome.INCONCLUSIVE, found("z", Cause.WORKER, "sleep 5", root="foreign code is live")),
    )
    assert list(format_causes(told)) == [f"1 failed, 1 inconclusive, one cause: foreign code is live. Next: {UP}"]


def test_a_change_outside_pulumi_includes_each_difference_that_the_same_command_restores():
    """Case C17: the worker reports the consequence as its own state."""
    told = report(
        result("a", Outcome.FAIL, found("x", Cause.OUTSIDE_CHANGE)),
        result("b", Outcome.FAIL, found("y", Cause.WORKER)),
        result("c", Outcome.FAIL, found("z", Cause.WORKER, "sleep 5")),
    )
    assert [(cause.checks, cause.cause) for cause in told.causes] == [
        (("a", "b"), Cause.OUTSIDE_CHANGE),
        (("c",), Cause.WORKER),
    ]


def test_different_causes_stay_apart():
    told = report(result("a", Outcome.FAIL, found("x", Cause.ACE)), result("b", Outcome.FAIL, found("y", Cause.WORKER)))
    assert len(told.causes) == 2


def test_a_long_cause_is_cut_between_words():
    told = report(result("a", Outcome.FAIL, dataclasses.replace(found("x"), found="word " * 100)))
    (cause,) = told.causes
    assert len(cause.what) <= MAX_WHAT
    assert cause.what.endswith("word [...]")


def test_a_report_without_findings_has_no_cause():
    assert report(result("a", Outcome.PASS, evidence=("x",))).causes == ()


def test_an_expired_api_token_is_said_once(tmp_path):
    """Case C20: each check that uses the API is inconclusive, and one of them has the whole answer."""
    system = healthy_system()
    error = {"code": 9109, "message": "Token expired or revoked" + " because of its long story" * 12}
    refused = httpx.Response(403, json={"success": False, "errors": [error], "messages": [], "result": None})
    system.routes["GET", "/client/v4/"] = refused
    code, text = system.run(tmp_path, read_only=True)
    assert code == 3
    found = [line for line in text.splitlines() if line.startswith("    found")]
    assert sum("Token expired" in line for line in found) == 1
    assert sum(line.endswith("the same as in the check secrets") for line in found) == len(found) - 1 > 2
    assert text.count(", one cause: ") == 1


def test_different_long_texts_are_not_shortened(tmp_path):
    """Case C20: kept."""
    long = [dataclasses.replace(found("x"), found=f"{n} " + "y" * 100) for n in range(2)]
    results = (result("a", Outcome.FAIL, long[0]), result("b", Outcome.FAIL, long[1]))
    assert shorten_repeated(results) == results
