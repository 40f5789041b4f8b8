"""The missing days that a batch of the worker left out, with their reasons."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from checks.model.finding import Evidence, ShapeError


@dataclass(frozen=True, slots=True, kw_only=True)
class SkippedDays:
    """Days that a batch did not store: refused by ACE (``failed``, as lines), waiting after a failure, or in work."""

    failed: tuple[str, ...]
    waiting: int
    busy: int

    @classmethod
    def read(cls, body: Mapping[str, Any]) -> SkippedDays:
        """Read an answer of ``POST /trigger``. An older worker leaves the fields out. Raises ShapeError."""
        failed = body.get("failed", [])
        if not isinstance(failed, list) or not all(isinstance(item, dict) for item in failed):
            raise ShapeError("failed is not a list of objects")
        for name in ("waiting", "busy"):
            if type(body.get(name, 0)) is not int or body.get(name, 0) < 0:
                raise ShapeError(f"{name} is {body[name]!r}")
        lines = (
            f"{item.get('day')} of {item.get('site')}: {item.get('code')} ({item.get('message')})" for item in failed
        )
        return cls(failed=tuple(lines), waiting=body.get("waiting", 0), busy=body.get("busy", 0))

    @property
    def count(self) -> int:
        """Return the number of days."""
        return len(self.failed) + self.waiting + self.busy

    def describe(self) -> list[Evidence]:
        """Return the reasons: warnings for failed days, because the check ``failures`` judges them."""
        refused = [Evidence(f"1 of {len(self.failed)} failed: {self.failed[0]}", warning=True)] if self.failed else []
        waiting = [Evidence(f"failed before and wait: {self.waiting} (check failures)", warning=True)]
        busy = [Evidence(f"in work by another run: {self.busy}")]
        return refused + (waiting if self.waiting else []) + (busy if self.busy else [])
