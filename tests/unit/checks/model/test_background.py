"""A request in the background: its answer, its exception, and its thread."""

import threading

import pytest

from checks.model.background import run_in_background, run_within


def test_two_requests_run_concurrently():
    met = threading.Barrier(2, timeout=5)
    answer = run_in_background(met.wait)
    met.wait()
    assert answer() in (0, 1)


def test_an_exception_is_raised_where_the_answer_is_used():
    answer = run_in_background(lambda: [][0])
    with pytest.raises(IndexError):
        answer()


def test_the_thread_is_a_daemon_and_named_after_its_check():
    names = []
    run_in_background(lambda: names.append((threading.current_thread().name, threading.current_thread().daemon)), 2)()
    assert names == [(f"{threading.current_thread().name}_2", True)]


def test_a_request_that_takes_too_long_is_given_up():
    ended = threading.Event()
    with pytest.raises(TimeoutError):
        run_within(0.05, lambda: ended.wait(60))
    ended.set()
    assert run_within(60, lambda: 3) == 3
