"""Runs a function in a background thread."""

from __future__ import annotations

import contextvars
import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def run_in_background(function: Callable[[], T], number: int = 1) -> Callable[[], T]:
    """Start a function. Return another one that waits for its result, or raises its exception.

    The thread is a daemon, named after the caller's thread and ``number``, so that a run can end before the thread.
    """
    wait = _start(function, number)
    return lambda: wait(None)


def run_within(seconds: float, function: Callable[[], T]) -> T:
    """Return the result of a function, or raise its exception. Raises TimeoutError if it takes longer."""
    return _start(function, 1)(seconds)


def _start(function: Callable[[], T], number: int) -> Callable[[float | None], T]:
    """Start a function. Return another one that waits so many seconds for its result, or for ever."""
    results: list[T] = []
    errors: list[BaseException] = []

    def follow() -> None:
        try:
            results.append(function())
        except BaseException as error:  # noqa: BLE001 - raised again by the function that waits
            errors.append(error)

    run = contextvars.copy_context().run  # so that a leak is a finding of the caller's check
    thread = threading.Thread(
        target=run, args=(follow,), name=f"{threading.current_thread().name}_{number}", daemon=True
    )
    thread.start()

    def wait(seconds: float | None) -> T:
        thread.join(seconds)
        if thread.is_alive():
            raise TimeoutError
        if errors:
            raise errors[0]
        return results[0]

    return wait
