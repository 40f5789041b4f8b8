"""Retries end at the deadline and at the first answer."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.model.deadline import Deadline
from checks.model.finding import TransientError
from tests.fakes.checks import FINDING
from tests.fakes.clock import Clock


@given(st.floats(0.5, 120), st.floats(0, 30), st.floats(0, 50))
def test_retries_never_sleep_beyond_the_deadline(seconds, after, keep):
    clock = Clock()
    deadline = Deadline.starting_now(seconds, clock=clock, sleep=clock.sleep)

    def never():
        raise TransientError(FINDING, after=after)

    with pytest.raises(TransientError):
        deadline.retry(never, keep=keep)
    assert deadline.left() >= min(keep, seconds) - 1e-6 or not clock.slept
    assert all(pause >= after for pause in clock.slept)


def test_retries_end_with_the_first_answer():
    clock, answers = Clock(), [None, None, 7]
    deadline = Deadline.starting_now(10.0, clock=clock, sleep=clock.sleep)

    def ask():
        found = answers.pop(0)
        if found is None:
            raise TransientError(FINDING)
        return found

    assert deadline.retry(ask) == 7
    assert clock.slept == [0.25, 0.5]


@pytest.mark.parametrize(("cut", "raised"), [((False, True), 0), ((True, True), 0), ((True, False), 1)])
def test_a_request_with_its_full_time_tells_more_than_one_that_the_deadline_cut_short(cut, raised):
    clock = Clock()
    deadline = Deadline.starting_now(10.0, clock=clock, sleep=clock.sleep)
    errors = [TransientError(FINDING, after=60.0 * number, cut_short=short) for number, short in enumerate(cut)]
    left = list(errors)

    def ask():
        raise left.pop(0)

    with pytest.raises(TransientError) as caught:
        deadline.retry(ask)
    assert caught.value is errors[raised]
