"""Only the report decides the exit code, by rules that hold for every mix of outcomes."""

from hypothesis import given
from hypothesis import strategies as st

from checks.model.report import Outcome, Report, Result

OUTCOMES = st.lists(st.sampled_from(Outcome), max_size=8)


def report(outcomes):
    results = tuple(Result(id=f"c{n}", outcome=outcome) for n, outcome in enumerate(outcomes))
    return Report(project="p", stack="s", worker="w", url="u", results=results)


@given(OUTCOMES)
def test_a_failure_outranks_every_other_outcome(outcomes):
    assert report([*outcomes, Outcome.FAIL]).exit_code == 1


@given(OUTCOMES)
def test_an_inconclusive_check_is_never_green(outcomes):
    assert report([*outcomes, Outcome.INCONCLUSIVE]).exit_code == (1 if Outcome.FAIL in outcomes else 3)


@given(OUTCOMES)
def test_green_means_that_a_check_passed_and_none_failed(outcomes):
    made = report(outcomes)
    assert (made.exit_code == 0) == (Outcome.PASS in outcomes and set(outcomes) <= {Outcome.PASS, Outcome.SKIP})
    assert made.exit_code in (0, 1, 3)


@given(OUTCOMES, st.randoms(use_true_random=False))
def test_the_order_of_the_checks_does_not_matter(outcomes, random):
    shuffled = random.sample(outcomes, len(outcomes))
    assert report(shuffled).exit_code == report(outcomes).exit_code


def test_outcomes_from_best_to_worst():
    assert sorted(Outcome) == [Outcome.PASS, Outcome.SKIP, Outcome.INCONCLUSIVE, Outcome.FAIL]
