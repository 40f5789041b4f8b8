"""The state that is told, from the results of single checks."""

import pytest

from checks.model.report import Outcome
from checks.run.output.state import State, StateError, Told
from tests.fakes.reports import finding, report, result

KNOWN = ("fresh", "history", "secrets", "run")
LETTERS = {"+": Outcome.PASS, "-": Outcome.FAIL, "?": Outcome.INCONCLUSIVE}


def outcome_report(**outcomes):
    results = []
    for name, letter in outcomes.items():
        outcome = LETTERS.get(letter, Outcome.SKIP)
        findings = (finding(),) if outcome in (Outcome.FAIL, Outcome.INCONCLUSIVE) else ()
        results.append(result(name, outcome, *findings, reason="r" if letter in "sn" else "", applies=letter != "n"))
    return report(*results)


def tell(runs):
    """Return the changes that are told, one letter a run."""
    state, told = State(stack="prod"), ""
    for run in runs:
        state = state.add_report(outcome_report(**run), KNOWN)
        told += {Told.GREEN: "g", Told.RED: "r", Told.INCONCLUSIVE: "i"}[state.current] if state.is_change() else "."
        state = State.from_json(state.mark_told().to_json(), stack="prod")
    return told


@pytest.mark.parametrize(
    ("letters", "told"),
    [
        ("+++", "..."),
        ("-", "r"),
        ("+---+", ".r..g"),
        ("+?+?+", "....."),
        ("+??+", "..ig"),
        ("+???", "..i."),
        ("??", ".i"),
        ("-?-", "r.."),
        ("-??-", "r.ir"),
        ("-?+", "r.g"),
        ("-??+", "r.ig"),
        ("+?-?+", "..r.g"),
    ],
)
def test_each_change_is_told_once_and_an_inconclusive_run_at_its_second_time(letters, told):
    assert tell([{"fresh": letter} for letter in letters]) == told


def test_a_green_run_of_other_checks_does_not_end_a_failure():
    hourly, nightly, cured = {"fresh": "+"}, {"fresh": "+", "secrets": "-"}, {"fresh": "+", "secrets": "+"}
    assert tell([hourly, nightly, hourly, hourly, nightly, hourly, cured, hourly]) == ".r....g."


def test_a_check_that_was_inconclusive_once_is_not_counted_by_runs_of_other_checks():
    assert tell([{"secrets": "?"}, {"fresh": "+"}, {"fresh": "+"}, {"secrets": "?"}]) == "...i"


def test_nothing_is_green_again_while_a_check_has_no_result():
    assert (
        tell([{"fresh": "-", "secrets": "+"}, {"fresh": "+", "secrets": "?"}, {"fresh": "+", "secrets": "+"}]) == "r.g"
    )


def test_a_skipped_check_keeps_its_state_and_one_that_does_not_apply_is_forgotten():
    assert tell([{"fresh": "+", "secrets": "-"}, {"fresh": "+", "secrets": "s"}]) == "r."
    assert tell([{"fresh": "+", "secrets": "-"}, {"fresh": "+", "secrets": "n"}]) == "rg"
    assert tell([{"fresh": "+", "removed": "-"}, {"fresh": "+"}]) == "rg"


def test_a_run_that_ends_before_its_checks_is_inconclusive():
    state = State(stack="prod").add_report(outcome_report(fresh="+"), KNOWN).mark_told()
    once = state.add_refusal()
    assert not once.is_change()
    twice = once.mark_told().add_refusal()
    assert (twice.is_change(), twice.current) == (True, Told.INCONCLUSIVE)
    after = twice.mark_told().add_report(outcome_report(fresh="+"), KNOWN)
    assert (after.is_change(), after.current) == (True, Told.GREEN)
    nothing_ran = once.add_report(outcome_report(fresh="s"), KNOWN)
    assert nothing_ran.current is Told.INCONCLUSIVE


@pytest.mark.parametrize(
    "text",
    ["", "null", "[]", "{}", '{"schema": 1}', '{"schema": 2, "stack": "prod", "told": null, "checks": {}}',
     '{"schema": 1, "stack": "dev", "told": null, "checks": {}}', '{"schema": 1, "stack": "prod", "told": "blue", "checks": {}}',
     '{"schema": 1, "stack": "prod", "told": "red", "checks": {"fresh": 1}}', "[" * 100_000],
)  # fmt: skip
def test_another_text_is_not_a_state(text):
    with pytest.raises(StateError):
        State.from_json(text, stack="prod")
