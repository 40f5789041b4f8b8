"""Errors of GitHub, and the retry of work that a later attempt can finish."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

PAUSES, MAX_PAUSE = (1.0, 2.0, 4.0), 60.0  # seconds, with one attempt more than pauses

T = TypeVar("T")


class GitHubError(Exception):
    """GitHub refused, cannot be reached, or answered in an undocumented form. The message is one line."""


class AbsentError(GitHubError):
    """There is no such item, or this token may not see it."""


class TemporaryError(GitHubError):
    """An error that a retry can solve. ``after`` is the pause that GitHub asks for, in seconds."""

    def __init__(self, message: str, after: float = 0.0) -> None:
        super().__init__(message)
        self.after = after


def retry(work: Callable[[], T], sleep: Callable[[float], None] = time.sleep) -> T:
    """Repeat the whole work after a TemporaryError.

    The work begins with a search, so an item that was created before its answer was lost is found, not created twice.
    """
    for pause in PAUSES:
        try:
            return work()
        except TemporaryError as error:
            wait = max(pause, error.after)
            if wait > MAX_PAUSE:
                raise
        sleep(wait)
    return work()
