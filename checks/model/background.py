"""A question asked aside, while the check goes on with what does not depend on its answer."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def run_in_background(ask: Callable[[], T], number: int = 1) -> Callable[[], T]:
    """Begin to ask, and return what waits for the answer: it returns that, or raises what asking raised.

    In a daemon thread, named after the check's own and ``number``: one that hangs is left behind with its check.
    """
    answers: list[T] = []
    errors: list[BaseException] = []

    def follow() -> None:
        try:
            answers.append(ask())
        except BaseException as error:  # noqa: BLE001 - raised again where the answer is wanted
            errors.append(error)

    thread = threading.Thread(target=follow, name=f"{threading.current_thread().name}_{number}", daemon=True)
    thread.start()

    def answer() -> T:
        thread.join()
        if errors:
            raise errors[0]
        return answers[0]

    return answer
