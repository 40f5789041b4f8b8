"""The list of the stored days that all checks of a run share. It loads no client."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from checks.stored_days.listing.days import StoredDays


@dataclass(slots=True, kw_only=True)
class ListedDays:
    """The last list of the stored days. ``begun`` is the number of lists that have begun so far.

    A list may lack what was stored after it began. So a check that has seen a later state notes ``begun``, and asks
    for a list after that number where the present one contradicts that state. Only one list is in memory.
    """

    begun: int = 0
    latest: StoredDays | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def read(self, list_days: Callable[[], StoredDays], after: int = 0) -> StoredDays:
        """Return the last list if more than ``after`` lists had begun with it, else a new one.

        A second caller waits for the list of the first one. Raises the exceptions of ``list_days``.
        """
        with self._lock:
            if self.latest is None or self.begun <= after:
                self.begun, self.latest = self.begun + 1, None
                self.latest = list_days()
            return self.latest
