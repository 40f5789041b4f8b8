"""A source of measurements whose rows have changed, as ACE's rows may change after a day was copied."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from rehearsal.ace.samples import Sample, SampleSource

Change = Callable[[Sequence[Sample]], Sequence[Sample]]  # of the samples of a window, sorted by time and name


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedSource:
    """The samples of another source after a change."""

    source: SampleSource
    change: Change

    @property
    def points(self) -> Sequence[str]:
        """Return the full names of the site's points, sorted."""
        return self.source.points

    def samples(self, start: datetime, end: datetime) -> Sequence[Sample]:
        """Return the samples with start <= time < end (naive UTC), sorted by time, then by name."""
        return self.change(self.source.samples(start, end))
