"""How the checks ``logs`` and ``trigger`` run together: the tail is open before the batch, and is read until after it.

Nobody waits for somebody who does not come: each wait has an end of its own, and what was left out is not waited for.
"""

from __future__ import annotations

import threading
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date

    from checks.check import Check
    from checks.clients.worker.progress import Progress
    from checks.model.credentials import Credentials

TAIL, BATCH = "logs", "trigger"  # ids of checks


@dataclass(slots=True, kw_only=True)
class Tandem:
    """Two events between two threads: the tail is ``ready`` (or never will be), the trigger is ``over``.

    ``tailed`` is whether a tail is to come, ``triggered`` whether a batch is among what was selected, ``posted``
    whether it began, ``batch`` what the worker said of it, None if nothing usable, ``day`` the one that it was at
    when it ended, None if it did not say.
    """

    tailed: bool = False
    triggered: bool = False
    posted: bool = False
    batch: Progress | None = None
    day: date | None = None
    ready: threading.Event = field(default_factory=threading.Event)
    over: threading.Event = field(default_factory=threading.Event)

    @classmethod
    def of(cls, checks: Collection[Check], credentials: Credentials) -> Tandem:
        """Return the tandem of a run: a tail that is left out, or lacks a credential, will not come."""
        wants = {check.id: check.wants for check in checks}
        tailed = TAIL in wants and not any(credentials.missing(credential) for credential in wants[TAIL])
        return cls(tailed=tailed, triggered=BATCH in wants)

    def await_tail(self, seconds: float) -> None:
        """Wait until the tail is open, or never will be; at most so long."""
        if self.tailed:
            self.ready.wait(seconds)
