"""The cause of missing days is the one of the failed runs, where the run log tells it."""

import dataclasses

import pytest

from checks.model.finding import Cause
from checks.model.report import Outcome
from checks.run.causes.standstill import explain_standstill
from tests.fakes.reports import finding, result

FRESH = result("fresh", Outcome.FAIL, dataclasses.replace(finding(text="days"), hint="npx wrangler tail w"))


def explain(cause, outcome=Outcome.FAIL):
    told = dataclasses.replace(finding(text="runs"), cause=cause, hint="the next command")
    results = {"fresh": FRESH, "history": result("history", outcome, told)}
    return explain_standstill(results)["fresh"].findings[0]


@pytest.mark.parametrize("cause", [Cause.ACE, Cause.CONFIGURATION, Cause.STORAGE, Cause.OUTSIDE_CHANGE])
def test_missing_days_have_the_cause_of_the_failed_runs(cause):
    found = explain(cause)
    assert (found.cause, found.hint) == (cause, "the next command")
    assert found.found == "days"


@pytest.mark.parametrize(
    ("cause", "outcome"), [(Cause.WORKER, Outcome.FAIL), (Cause.ACE, Outcome.INCONCLUSIVE), (Cause.ACE, Outcome.PASS)]
)
def test_missing_days_keep_their_cause_where_no_failed_run_tells_another_one(cause, outcome):
    assert explain(cause, outcome) == FRESH.findings[0]


def test_a_run_without_both_checks_is_unchanged():
    assert explain_standstill({"fresh": FRESH}) == {"fresh": FRESH}


def test_a_known_cause_of_missing_days_is_kept():
    known = dataclasses.replace(FRESH.findings[0], cause=Cause.CONFIGURATION)
    fresh = dataclasses.replace(FRESH, findings=(known,))
    failed = result("history", Outcome.FAIL, dataclasses.replace(finding(), cause=Cause.ACE))
    assert explain_standstill({"fresh": fresh, "history": failed})["fresh"].findings == (known,)


LOSS = dataclasses.replace(
    finding(text="2 were stored and are gone"),
    subject="stored days of x",
    cause=Cause.OUTSIDE_CHANGE,
    hint="copy again",
)


def test_removed_days_are_the_cause_of_a_standstill_where_the_runs_are_right():
    """Case T1: shortly after the loss the cron had no time yet to copy the days again, and is not the cause."""
    found = explain_standstill({"fresh": FRESH, "history": result("history", Outcome.FAIL, LOSS)})["fresh"].findings[0]
    assert (found.cause, found.hint) == (Cause.OUTSIDE_CHANGE, "copy again")


def test_removed_days_are_not_the_cause_of_a_cron_that_does_not_run():
    """Case T1: a right cron would have copied the days again."""
    history = result("history", Outcome.FAIL, dataclasses.replace(finding(text="runs"), cause=Cause.WORKER), LOSS)
    assert explain_standstill({"fresh": FRESH, "history": history})["fresh"] == FRESH


def test_missing_days_have_the_cause_of_a_paused_queue_before_that_of_failed_runs():
    queue = finding(text="paused, so no message reaches the worker")
    queue = dataclasses.replace(queue, cause=Cause.OUTSIDE_CHANGE, hint="pulumi up")
    failed = dataclasses.replace(finding(text="runs"), cause=Cause.ACE)
    results = {
        "fresh": FRESH,
        "bindings": result("bindings", Outcome.FAIL, queue),
        "history": result("history", Outcome.FAIL, failed),
    }
    found = explain_standstill(results)["fresh"].findings[0]
    assert (found.cause, found.hint, found.found) == (Cause.OUTSIDE_CHANGE, "pulumi up", "days")
